import { type KeyboardEvent, type PointerEvent, useRef } from "react";

interface SplitterProps {
  label: string;
  value: number;
  min: number;
  max: number;
  /** The pane it sizes stands right of it. */
  right?: boolean;
  onChange: (value: number) => void;
}

/** A line between two panes that is moved by pointer or arrow keys. */
export function Splitter({ label, value, min, max, right, onChange }: SplitterProps) {
  const start = useRef<{ x: number; value: number }>(undefined);
  const clamp = (next: number) => Math.round(Math.min(max, Math.max(min, next)));
  const move = (event: PointerEvent) => {
    if (!start.current) return;
    const by = event.clientX - start.current.x;
    onChange(clamp(start.current.value + (right ? -by : by)));
  };
  const key = (event: KeyboardEvent) => {
    const step = (event.shiftKey ? 64 : 16) * (right ? -1 : 1);
    const next = { ArrowLeft: value - step, ArrowRight: value + step, Home: min, End: max }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    onChange(clamp(next));
  };
  return (
    // A focusable separator is a widget of its own (ARIA "window splitter").
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      className="splitter"
      role="separator"
      aria-orientation="vertical"
      aria-label={label}
      aria-valuenow={value}
      aria-valuemin={min}
      aria-valuemax={max}
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      onKeyDown={key}
      onPointerDown={(event) => {
        start.current = { x: event.clientX, value };
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={move}
      onPointerUp={() => {
        start.current = undefined;
      }}
      onPointerCancel={() => {
        start.current = undefined;
      }}
    />
  );
}
