import { X } from "lucide-react";
import { t, tn } from "../i18n";
import { bytes } from "../i18n/format";
import { IconButton } from "../ui/Button";
import { Progress } from "../ui/Feedback";
import { useWorkspace } from "../workspace/context";
import { useUploads } from "./uploads";

export function UploadList() {
  const { id } = useWorkspace();
  const mine = useUploads().filter((upload) => upload.workspaceId === id);
  if (mine.length === 0) return null;
  return (
    <ul className="uploads" aria-label={t("upload.list")}>
      {mine.map((upload) => {
        const label = upload.name || tn("upload.files", upload.count);
        return (
          <li key={upload.id}>
            <div className="row">
              <span className="grow ellipsis">{label}</span>
              <span className="num quiet small">
                {bytes(Math.min(upload.sent, upload.total))} / {bytes(upload.total)}
              </span>
              <IconButton icon={X} label={t("upload.cancel", { name: label })} tip={false} onClick={upload.cancel} />
            </div>
            <Progress value={upload.sent} max={upload.total} label={label} />
          </li>
        );
      })}
    </ul>
  );
}
