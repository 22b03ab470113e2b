import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { t, useLanguage } from "./i18n";
import { queryClient } from "./api/queries";
import { router } from "./router";
import { TipProvider } from "./ui/Tip";
import { Toasts } from "./ui/Toasts";

/** Everything under the providers is made anew when the language changes, so that `t` may be called anywhere. */
export function App() {
  const language = useLanguage();
  return (
    <QueryClientProvider client={queryClient}>
      <TipProvider key={language} delayDuration={400} skipDelayDuration={200}>
        <RouterProvider router={router} />
        <section id="layer" aria-label={t("toast.list")}>
          <Toasts />
        </section>
      </TipProvider>
    </QueryClientProvider>
  );
}
