import { type ReactNode, type Ref, useImperativeHandle, useLayoutEffect, useRef, useState } from "react";

export interface VirtualHandle {
  /** Scrolls so that the row is in view, moving as little as possible. */
  show: (index: number) => void;
}

interface VirtualListProps {
  count: number;
  /** Height of every row in px. */
  rowHeight: number;
  render: (index: number) => ReactNode;
  className?: string;
  /** The element around the list scrolls, as when that is what has the focus, and not one of its own. */
  outer?: boolean;
  ref?: Ref<VirtualHandle>;
}

const scrollerOf = (box: HTMLElement | null, outer: boolean) => (outer ? box?.parentElement : box);

/** Rows of one height, of which only those in view are in the page. The rows' own attributes must tell position and count. */
export function VirtualList({ count, rowHeight, render, className, outer = false, ref }: VirtualListProps) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 800 });
  useLayoutEffect(() => {
    const element = scrollerOf(box.current, outer);
    if (!element) return;
    const scrolled = () => setView((old) => ({ ...old, top: element.scrollTop }));
    const measure = () => setView((old) => (old.height === element.clientHeight ? old : { ...old, height: element.clientHeight || 800 }));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    element.addEventListener("scroll", scrolled, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", scrolled);
    };
  }, [outer]);
  useImperativeHandle(ref, () => ({
    show: (index) => {
      const element = scrollerOf(box.current, outer);
      if (!element || index < 0) return;
      const top = index * rowHeight;
      if (top < element.scrollTop) element.scrollTop = top;
      else if (top + rowHeight > element.scrollTop + element.clientHeight) element.scrollTop = top + rowHeight - element.clientHeight;
    },
  }));
  const first = Math.max(0, Math.floor(view.top / rowHeight) - 8);
  const last = Math.min(count, Math.ceil((view.top + view.height) / rowHeight) + 8);
  const rows: ReactNode[] = [];
  for (let index = first; index < last; index++) rows.push(render(index));
  return (
    <div ref={box} className={`${outer ? "" : "virtual"} ${className ?? ""}`} role="presentation">
      <div role="presentation" style={{ height: count * rowHeight, position: "relative" }}>
        <div role="presentation" style={{ position: "absolute", insetInline: 0, top: first * rowHeight }}>
          {rows}
        </div>
      </div>
    </div>
  );
}
