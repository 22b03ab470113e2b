import { Link, useRouter } from "@tanstack/react-router";
import { ErrorState } from "../ui/Feedback";
import { t } from "../i18n";

export function NotFound() {
  return (
    <main className="page stack">
      <h1>{t("page.notFound")}</h1>
      <p>
        <Link to="/">{t("page.goHome")}</Link>
      </p>
    </main>
  );
}

export function PageError({ error, reset }: { error: unknown; reset?: () => void }) {
  const router = useRouter();
  return (
    <main className="page">
      <ErrorState
        error={error}
        onRetry={() => {
          reset?.();
          void router.invalidate();
        }}
      />
    </main>
  );
}
