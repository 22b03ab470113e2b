import { type DragEvent, useState } from "react";
import { useWorkspace } from "../workspace/context";
import { notifyError } from "../ui/Toasts";
import { dropped } from "./dropped";
import { upload } from "./uploads";
import type { FileActions } from "./useFileActions";

const dragType = "application/x-innoclaw-path";

/** Dragging within the tree moves; what is dragged in from outside, folders too, is uploaded. */
export function useDrop(actions: FileActions) {
  const { id } = useWorkspace();
  const [target, setTarget] = useState<string>();
  return {
    /** The folder that what is dragged would go into; undefined when nothing is dragged over the tree. */
    target,
    start: (event: DragEvent, path: string) => event.dataTransfer.setData(dragType, path),
    over: (event: DragEvent, folder: string) => {
      const { types } = event.dataTransfer;
      const outside = types.includes("Files");
      if (!outside && !types.includes(dragType)) return;
      event.preventDefault();
      event.stopPropagation();
      event.dataTransfer.dropEffect = outside ? "copy" : "move";
      if (target !== folder) setTarget(folder);
    },
    leave: (event: DragEvent) => {
      if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setTarget(undefined);
    },
    drop: (event: DragEvent, folder: string) => {
      event.preventDefault();
      event.stopPropagation();
      setTarget(undefined);
      const path = event.dataTransfer.getData(dragType);
      if (path !== "") void actions.move(path, folder);
      else dropped(event.dataTransfer).then((what) => upload(id, folder, what)).catch(notifyError);
    },
  };
}
