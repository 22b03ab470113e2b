import { useSyncExternalStore } from "react";

/** Whether a media query holds now, followed as it changes. */
export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const media = matchMedia(query);
      media.addEventListener("change", listener);
      return () => media.removeEventListener("change", listener);
    },
    () => matchMedia(query).matches,
  );
}

/** One pane at a time. */
export const narrow = "(max-width: 900px)";

export const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);
/** How the platform writes Ctrl. */
export const mod = isMac ? "⌘" : "Ctrl ";
