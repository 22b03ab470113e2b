import { Link, useRouter } from "@tanstack/react-router";
import { ErrorState } from "../ui/Feedback";
import { t } from "../i18n";

export function NotFound() {
  return (
    <main className="page">
      <Missing title={t("page.notFound")} />
    </main>
  );
}

/** Says that something is not there, or not for this person, which must look alike, and leads home. */
export function Missing({ title, lead }: { title: string; lead?: string }) {
  return (
    <div className="stack">
      <h1>{title}</h1>
      {lead ? <p className="quiet">{lead}</p> : null}
      <p>
        <Link to="/">{t("page.goHome")}</Link>
      </p>
    </div>
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
