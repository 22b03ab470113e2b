/** Words: `t` over two catalogues. Only the language in use is loaded; changing it renders the application anew. */
import { useSyncExternalStore } from "react";
import type en from "./en.json";

export type Key = keyof typeof en;
export type Language = "en" | "zh";
export type Params = Record<string, string | number>;
type PluralBase<K> = K extends `${infer B}_other` ? B : never;
/** Keys that exist as NAME_one and NAME_other. */
export type PluralKey = PluralBase<Key>;

let language: Language = "en";
let catalogue: Partial<Record<string, string>> = {};
let plural = new Intl.PluralRules("en");
const listeners = new Set<() => void>();
const stored = "innoclaw.language";

const load: Record<Language, () => Promise<{ default: Partial<Record<string, string>> }>> = {
  en: () => import("./en.json"),
  zh: () => import("./zh.json"),
};

/** The language to use: the account's if it says one, else what this device remembers, else the browser's. */
export function chooseLanguage(account: string | undefined): Language {
  let remembered = "";
  try {
    remembered = localStorage.getItem(stored) ?? "";
  } catch {
    // storage may be refused
  }
  const first = [account, remembered, ...navigator.languages].find((tag) => tag !== undefined && tag !== "") ?? "en";
  return first.toLowerCase().startsWith("zh") ? "zh" : "en";
}

/** Loads a catalogue and makes it the one in use. */
export async function setLanguage(next: Language, remember = false): Promise<void> {
  const loaded = await load[next]();
  try {
    if (remember) localStorage.setItem(stored, next);
  } catch {
    // storage may be refused; the account still remembers
  }
  adopt(next, loaded.default);
}

/** Puts a loaded catalogue in use. */
export function adopt(next: Language, words: Partial<Record<string, string>>): void {
  language = next;
  catalogue = words;
  plural = new Intl.PluralRules(locale());
  document.documentElement.lang = locale();
  listeners.forEach((listener) => listener());
}

export function currentLanguage(): Language {
  return language;
}

/** The BCP 47 tag to format numbers and times with. */
export function locale(): string {
  return language === "zh" ? "zh-CN" : "en-GB";
}

export function useLanguage(): Language {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => language,
  );
}

function fill(text: string, params: Params | undefined): string {
  if (!params) return text;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? value.toLocaleString(locale()) : value;
  });
}

/** The text of a key in the language in use, with {names} filled in; numbers are grouped as the language does. */
export function t(key: Key, params?: Params): string {
  return fill(catalogue[key] ?? key, params);
}

/** The text for a count: NAME_one or NAME_other, {n} is the count. */
export function tn(key: PluralKey, n: number, params?: Params): string {
  const text = catalogue[`${key}_${plural.select(n)}`] ?? catalogue[`${key}_other`] ?? key;
  return fill(text, { n, ...params });
}

/** The text of a key that may not exist, such as one made from a code of the server's. */
export function tMaybe(key: string, params?: Params): string | undefined {
  const text = catalogue[key];
  return text === undefined ? undefined : fill(text, params);
}
