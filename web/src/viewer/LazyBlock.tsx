import { type ReactNode, useEffect, useRef, useState } from "react";

interface LazyBlockProps {
  /** Height to keep free while the block is not laid out, in px. */
  height: number;
  /** Lays the block out at once, wherever it is. */
  force?: boolean;
  className?: string;
  children: () => ReactNode;
}

/** A part of a long document that is laid out only when it comes near the view, and keeps its height when it leaves. */
export function LazyBlock({ height, force = false, className, children }: LazyBlockProps) {
  const ref = useRef<HTMLDivElement>(null);
  const [near, setNear] = useState(false);
  const [measured, setMeasured] = useState(height);
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const observer = new IntersectionObserver(
      (entries) => {
        const entry = entries.at(-1);
        if (!entry) return;
        if (!entry.isIntersecting && element.firstChild) setMeasured(element.offsetHeight);
        setNear(entry.isIntersecting);
      },
      { rootMargin: "1200px 0px" },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const shown = near || force;
  return (
    <div ref={ref} className={className} style={shown ? undefined : { height: measured }}>
      {shown ? children() : null}
    </div>
  );
}
