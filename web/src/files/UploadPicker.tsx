import { type ChangeEvent, type Ref, useImperativeHandle, useRef } from "react";
import { t } from "../i18n";
import { useWorkspace } from "../workspace/context";
import { chosen } from "./dropped";
import { upload } from "./uploads";

export interface PickerHandle {
  pick: (what: "files" | "folder", folder: string) => void;
}

/** Not in the types of HTML attributes, but in all browsers. */
const wholeFolder: object = { webkitdirectory: "" };

/** The browser's own choosers for files and for a whole folder. */
export function UploadPicker({ ref }: { ref: Ref<PickerHandle> }) {
  const { id } = useWorkspace();
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const to = useRef("");
  useImperativeHandle(ref, () => ({
    pick: (what, target) => {
      to.current = target;
      (what === "files" ? files : folder).current?.click();
    },
  }));
  const change = (event: ChangeEvent<HTMLInputElement>) => {
    void upload(id, to.current, chosen([...(event.target.files ?? [])]));
    event.target.value = "";
  };
  return (
    <>
      <input ref={files} type="file" multiple hidden tabIndex={-1} aria-label={t("files.upload")} onChange={change} />
      <input ref={folder} type="file" multiple {...wholeFolder} hidden tabIndex={-1} aria-label={t("files.uploadFolder")} onChange={change} />
    </>
  );
}
