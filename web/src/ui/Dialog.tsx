import { X } from "lucide-react";
import { type FormEvent, type ReactNode, useEffect, useId, useRef } from "react";
import { t } from "../i18n";
import { Button, IconButton } from "./Button";
import "./dialog.css";

interface DialogProps {
  title: string;
  onClose: () => void;
  /** Called on the primary button and on Enter in a field. Without it the dialog only informs. */
  onSubmit?: () => void;
  submitLabel?: string;
  submitDisabled?: boolean;
  danger?: boolean;
  busy?: boolean;
  wide?: boolean;
  children: ReactNode;
}

/** A modal dialog in the browser's top layer: focus stays inside, Escape closes, focus goes back afterwards. */
export function Dialog(props: DialogProps) {
  const { title, onClose, onSubmit, submitLabel, submitDisabled, danger, busy, wide, children } = props;
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    const back = document.activeElement;
    if (dialog && !dialog.open) dialog.showModal();
    return () => {
      dialog?.close();
      if (back instanceof HTMLElement && back.isConnected) back.focus();
    };
  }, []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!busy && !submitDisabled) onSubmit?.();
  };
  return (
    <dialog
      ref={ref}
      className={`dialog ${wide ? "wide" : ""}`}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <form method="dialog" onSubmit={submit}>
        <header>
          <h2 id={id}>{title}</h2>
          <IconButton icon={X} label={t("action.close")} tip={false} onClick={onClose} />
        </header>
        <div className="dialog-body">{children}</div>
        {onSubmit ? (
          <footer>
            <Button onClick={onClose}>{t("action.cancel")}</Button>
            <Button type="submit" variant={danger ? "danger" : "primary"} busy={busy ?? false} disabled={submitDisabled}>
              {submitLabel ?? t("action.save")}
            </Button>
          </footer>
        ) : null}
      </form>
    </dialog>
  );
}
