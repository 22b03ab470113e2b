/** The one way to the server: typed by the generated API description, errors as ApiError. */
import type { paths } from "./schema";

/** An answer of the server that is not a success, or no answer at all (code "network"). */
export class ApiError extends Error {
  readonly code: string;
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  readonly requestId: string;
  readonly details: unknown;
  constructor(code: string, status: number, message: string, requestId = "", details?: unknown) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.status = status;
    this.requestId = requestId;
    this.details = details;
  }
}

export function isApiError(error: unknown, code?: string): error is ApiError {
  return error instanceof ApiError && (code === undefined || error.code === code);
}

type Method = "get" | "post" | "put" | "patch" | "delete";
type Operation<P extends keyof paths, M extends Method> = NonNullable<paths[P][M]>;
/** The paths that know a method. */
export type PathsWith<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<M, infer O> ? ([O] extends [undefined] ? never : P) : never;
}[keyof paths];

type Content<R> = R extends { content: infer C } ? (C extends Record<string, infer T> ? T : undefined) : undefined;
type Responses<O> = O extends { responses: infer R } ? R : never;
type Success<R> = { [S in keyof R & (200 | 201 | 202 | 204)]: Content<R[S]> }[keyof R & (200 | 201 | 202 | 204)];
/** What a successful call of the operation answers. */
export type Answer<P extends keyof paths, M extends Method> = Success<Responses<Operation<P, M>>>;
type PathParams<O> = O extends { parameters: { path: infer X } } ? { path: X } : { path?: undefined };
type QueryParams<O> = O extends { parameters: { query: infer X } }
  ? { query: X }
  : O extends { parameters: { query?: infer X } }
    ? { query?: X }
    : { query?: undefined };
type BodyParam<O> = O extends { requestBody: { content: infer C } }
  ? C extends Record<string, infer T>
    ? { body: T }
    : never
  : { body?: undefined };
interface Common {
  signal?: AbortSignal;
  headers?: Record<string, string>;
}
export type Options<P extends keyof paths, M extends Method> = PathParams<Operation<P, M>> &
  QueryParams<Operation<P, M>> &
  BodyParam<Operation<P, M>> &
  Common;
type Args<T> = object extends T ? [options?: T] : [options: T];

interface Loose extends Common {
  path?: object | undefined;
  query?: object | undefined;
  body?: unknown;
}

/** The address of an API path with its parameters filled in. */
export function apiUrl(path: string, params?: object, query?: object): string {
  let url = path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String((params as Record<string, unknown> | undefined)?.[name] ?? "")),
  );
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== undefined && item !== null) search.append(name, String(item));
    }
  }
  const text = search.toString();
  if (text !== "") url += `?${text}`;
  return url;
}

/** Reads a problem+json answer, or whatever a proxy put in its place, into an ApiError. */
export async function problemOf(response: Response): Promise<ApiError> {
  const requestId = response.headers.get("x-request-id") ?? "";
  try {
    const body: unknown = await response.json();
    if (typeof body === "object" && body !== null) {
      const problem = body as Record<string, unknown>;
      const text = problem["error"] ?? problem["detail"] ?? problem["title"];
      return new ApiError(
        typeof problem["code"] === "string" ? problem["code"] : `http_${response.status}`,
        response.status,
        typeof text === "string" ? text : response.statusText,
        typeof problem["requestId"] === "string" ? problem["requestId"] : requestId,
        problem["details"],
      );
    }
  } catch {
    // not JSON: said by status alone
  }
  return new ApiError(`http_${response.status}`, response.status, response.statusText, requestId);
}

/** fetch with the two ways to fail told apart: an AbortError stays one, a lost connection is ApiError "network". */
export async function fetchChecked(url: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { credentials: "same-origin", ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError("network", 0, "The server did not answer.");
  }
  if (!response.ok) {
    const problem = await problemOf(response);
    if (problem.status === 401) signedOut.forEach((listener) => listener(problem));
    throw problem;
  }
  return response;
}

const signedOut = new Set<(error: ApiError) => void>();
/** Calls back whenever the server answers that nobody is signed in. Returns the way to stop. */
export function onSignedOut(listener: (error: ApiError) => void): () => void {
  signedOut.add(listener);
  return () => signedOut.delete(listener);
}

async function request(method: string, path: string, options: Loose = {}): Promise<unknown> {
  const init: RequestInit = { method, headers: { accept: "application/json", ...options.headers } };
  if (options.signal) init.signal = options.signal;
  if (options.body !== undefined) {
    init.body = JSON.stringify(options.body);
    init.headers = { ...init.headers, "content-type": "application/json" };
  }
  const response = await fetchChecked(apiUrl(path, options.path, options.query), init);
  if (response.status === 204) return undefined;
  const text = await response.text();
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new ApiError("bad_answer", response.status, "The server's answer could not be read.");
  }
}

function call<M extends Method>(method: M) {
  return async <P extends PathsWith<M> & string>(path: P, ...args: Args<Options<P, M>>): Promise<Answer<P, M>> =>
    (await request(method.toUpperCase(), path, args[0] as Loose | undefined)) as Answer<P, M>;
}

export const api = {
  get: call("get"),
  post: call("post"),
  put: call("put"),
  patch: call("patch"),
  delete: call("delete"),
};
