import { useState } from "react";
import { apiUrl } from "../api/client";
import { t } from "../i18n";
import { Empty } from "../ui/Feedback";

/** An image, fitted to the pane; a click shows it at its own size. An SVG is shown as a picture, so nothing in it can run. */
export function ImageView({ workspaceId, path, version }: { workspaceId: string; path: string; version: string }) {
  const [whole, setWhole] = useState(true);
  const [size, setSize] = useState<string>();
  const [failed, setFailed] = useState(false);
  if (failed) return <Empty text={t("viewer.imageFailed")} />;
  return (
    <div className="viewer-image">
      <button type="button" className={whole ? "fit" : ""} onClick={() => setWhole(!whole)} aria-label={whole ? t("viewer.ownSize") : t("viewer.fitPane")}>
        <img
          src={apiUrl("/api/files/raw", undefined, { workspaceId, path, v: version })}
          alt={path}
          onLoad={(event) => setSize(`${event.currentTarget.naturalWidth} × ${event.currentTarget.naturalHeight}`)}
          onError={() => setFailed(true)}
        />
      </button>
      {size ? <p className="viewer-note tabular">{size}</p> : null}
    </div>
  );
}
