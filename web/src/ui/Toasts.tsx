import { CircleAlert, X } from "lucide-react";
import { useEffect, useSyncExternalStore } from "react";
import { errorText } from "../api/errors";
import { t } from "../i18n";
import { Button, IconButton } from "./Button";
import "./feedback.css";

interface Toast {
  id: number;
  text: string;
  error: boolean;
  action: { label: string; run: () => void } | undefined;
  tag: string;
}

let toasts: readonly Toast[] = [];
let nextId = 1;
const listeners = new Set<() => void>();

function set(next: readonly Toast[]): void {
  toasts = next;
  listeners.forEach((listener) => listener());
}

function dismiss(id: number): void {
  set(toasts.filter((toast) => toast.id !== id));
}

/** Says that something was done, with a way to undo it when there is one. */
export function notify(text: string, action?: { label: string; run: () => void }, tag = ""): void {
  set([...toasts.slice(-3), { id: nextId++, text, error: false, action, tag }]);
}

/** Takes a message back whose offer does not hold any more, such as an undo of what was undone elsewhere. */
export function withdraw(tag: string): void {
  set(toasts.filter((toast) => toast.tag !== tag));
}

/** Says that something did not work, in the words of the error's code. */
export function notifyError(error: unknown): void {
  const text = errorText(error);
  set([...toasts.filter((toast) => toast.text !== text).slice(-3), { id: nextId++, text, error: true, action: undefined, tag: "" }]);
}

function ToastItem({ toast }: { toast: Toast }) {
  useEffect(() => {
    const timer = setTimeout(() => dismiss(toast.id), toast.error || toast.action ? 12_000 : 5000);
    return () => clearTimeout(timer);
  }, [toast]);
  const { action } = toast;
  return (
    <li className={`toast ${toast.error ? "error" : ""}`}>
      {toast.error ? <CircleAlert size={16} aria-hidden /> : null}
      <span className="grow">{toast.text}</span>
      {action ? (
        <Button
          onClick={() => {
            dismiss(toast.id);
            action.run();
          }}
        >
          {action.label}
        </Button>
      ) : null}
      <IconButton icon={X} label={t("action.dismiss")} tip={false} onClick={() => dismiss(toast.id)} />
    </li>
  );
}

/** The list of messages; one live region for the whole application. */
export function Toasts() {
  const list = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  return (
    <ul className="toasts" aria-live="polite">
      {list.map((toast) => (
        <ToastItem key={toast.id} toast={toast} />
      ))}
    </ul>
  );
}
