/**
 * The page's two Trusted Types policies. `innoclaw` is for our own code and makes script addresses only; `default` is what the
 * browser falls back to for strings given by libraries. Neither ever makes markup or script text.
 */
interface Policy {
  createScriptURL(url: string): string;
}
interface Factory {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): Policy;
}

/** Lets through addresses of our own files only. */
export function ownScript(url: string): string {
  const parsed = new URL(url, location.href);
  if (parsed.origin !== location.origin) throw new TypeError(`script from elsewhere refused: ${parsed.origin}`);
  return parsed.href;
}

const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes;
const rules = { createScriptURL: ownScript };
const policy: Policy = factory?.createPolicy("innoclaw", rules) ?? rules;
factory?.createPolicy("default", rules);

/** The address of a script of ours, in the form `new Worker()` accepts under Trusted Types. */
export function scriptURL(url: string | URL): string {
  return policy.createScriptURL(String(url));
}
