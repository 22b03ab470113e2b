import { useCallback, useState } from "react";
import { t } from "../i18n";
import { Dialog } from "../ui/Dialog";

/** The address a link of a text would lead to, or undefined when it is none a browser should be sent to. */
export function webAddress(href: string): URL | undefined {
  try {
    const url = new URL(href);
    return url.protocol === "https:" || url.protocol === "http:" ? url : undefined;
  } catch {
    return undefined;
  }
}

/** Links in text that a model or a file wrote are followed only after a person has seen the whole address. */
export function useLinkDialog() {
  const [href, setHref] = useState<string>();
  const ask = useCallback((next: string) => setHref(next), []);
  const url = href === undefined ? undefined : webAddress(href);
  const close = () => setHref(undefined);
  const dialog =
    href === undefined ? null : (
      <Dialog
        title={url ? t("link.title") : t("link.refused")}
        onClose={close}
        submitLabel={t("link.open")}
        {...(url
          ? {
              onSubmit: () => {
                window.open(url.href, "_blank", "noopener,noreferrer");
                close();
              },
            }
          : {})}
      >
        <p>{url ? t("link.lead", { host: url.host }) : t("link.refusedLead")}</p>
        <p className="mono address">{url?.href ?? href}</p>
      </Dialog>
    );
  return { ask, dialog };
}
