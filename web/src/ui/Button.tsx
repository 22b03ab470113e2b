import type { LucideIcon } from "lucide-react";
import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";
import { Spinner } from "./Spinner";
import { Tip } from "./Tip";
import "./button.css";

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  variant?: "default" | "primary" | "quiet" | "danger";
  icon?: LucideIcon;
  /** Shows a spinner and refuses clicks while something is under way. */
  busy?: boolean;
  ref?: Ref<HTMLButtonElement>;
  children: ReactNode;
}

export function Button({ variant = "default", icon: Icon, busy, children, className, disabled, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={`button ${variant} ${className ?? ""}`}
      disabled={disabled}
      aria-disabled={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : rest.onClick}
    >
      {busy ? <Spinner /> : Icon ? <Icon size={16} aria-hidden /> : null}
      <span>{children}</span>
    </button>
  );
}

interface IconButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  icon: LucideIcon;
  /** The accessible name, also shown as a tooltip. */
  label: string;
  shortcut?: string;
  pressed?: boolean;
  tip?: boolean;
  side?: "top" | "right" | "bottom" | "left";
  ref?: Ref<HTMLButtonElement>;
}

export function IconButton({ icon: Icon, label, shortcut, pressed, tip = true, side, className, ...rest }: IconButtonProps) {
  const button = (
    <button type="button" {...rest} aria-label={label} aria-pressed={pressed} className={`icon-button ${className ?? ""}`}>
      <Icon size={16} aria-hidden />
    </button>
  );
  if (!tip) return button;
  return (
    <Tip text={label} {...(shortcut ? { shortcut } : {})} {...(side ? { side } : {})}>
      {button}
    </Tip>
  );
}
