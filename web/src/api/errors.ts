import { t, tMaybe } from "../i18n";
import { ApiError } from "./client";

/**
 * What to tell a person about an error: our own words for a known code, the server's for the rest. A code may have its own text for a status.
 */
export function errorText(error: unknown): string {
  if (error instanceof ApiError) {
    const own = tMaybe(`error.${error.code}`) ?? tMaybe(`error.${error.code}`.replace(/^error\.http_(\d)\d\d$/, "error.http_$1xx"));
    if (own !== undefined) return own;
    if (error.message !== "") return error.message;
  }
  return t("error.unexpected");
}
