import { CircleAlert, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { errorText } from "../api/errors";
import { isApiError } from "../api/client";
import { exactTime, relativeTime } from "../i18n/format";
import { t } from "../i18n";
import { Button } from "./Button";
import { Spinner } from "./Spinner";
import "./feedback.css";

/** One sentence and one action where there is nothing to show. */
export function Empty({ icon: Icon, text, children }: { icon?: LucideIcon; text: string; children?: ReactNode }) {
  return (
    <div className="empty">
      {Icon ? <Icon size={20} aria-hidden /> : null}
      <p>{text}</p>
      {children}
    </div>
  );
}

/** What happened, what to do next, and the code to quote. */
export function ErrorState({ error, onRetry, compact }: { error: unknown; onRetry?: () => void; compact?: boolean }) {
  const code = isApiError(error) ? error.code : "unexpected";
  const id = isApiError(error) ? error.requestId : "";
  return (
    <div className={`error-state ${compact ? "compact" : ""}`} role="alert">
      <CircleAlert size={16} aria-hidden />
      <div className="grow">
        <p>{errorText(error)}</p>
        <p className="quiet small mono">
          {code}
          {id === "" ? "" : ` · ${id}`}
        </p>
      </div>
      {onRetry ? <Button onClick={onRetry}>{t("action.retry")}</Button> : null}
    </div>
  );
}

export function Loading({ text }: { text?: string }) {
  return (
    <div className="loading" role="status">
      <Spinner />
      <span>{text ?? t("state.loading")}</span>
    </div>
  );
}

/** A relative time with the exact one on hover. */
export function Time({ iso }: { iso: string }) {
  return (
    <time dateTime={iso} title={exactTime(iso)}>
      {relativeTime(iso)}
    </time>
  );
}

export function Progress({ value, max, label }: { value: number; max: number; label: string }) {
  return <progress className="progress" value={value} max={Math.max(max, 1)} aria-label={label} />;
}

export function Badge({ tone = "neutral", children }: { tone?: "neutral" | "green" | "amber" | "red" | "violet" | "accent"; children: ReactNode }) {
  return <span className={`badge ${tone}`}>{children}</span>;
}
