/** What was dropped or chosen, folders walked through: files with the path they are to have, and folders that hold nothing. */

export interface Incoming {
  file: File;
  /** Path below the folder it is put into, its own name included. */
  path: string;
}

export interface Dropped {
  files: Incoming[];
  /** Folders without anything in them, which no file would bring along. */
  emptyFolders: string[];
}

/** Reads a drop. The entries must be taken while the event runs; what is in them is read after it. */
export function dropped(transfer: DataTransfer): Promise<Dropped> {
  const entries = [...transfer.items].filter((item) => item.kind === "file").map((item) => item.webkitGetAsEntry?.() ?? null);
  // Browsers without entries tell only files.
  if (entries.includes(null)) return Promise.resolve(chosen([...transfer.files]));
  return walk(entries.filter((entry) => entry !== null));
}

/** Files from a file field; those of a chosen folder name their path in it. */
export function chosen(files: readonly File[]): Dropped {
  return { files: files.map((file) => ({ file, path: file.webkitRelativePath || file.name })), emptyFolders: [] };
}

async function walk(entries: readonly FileSystemEntry[]): Promise<Dropped> {
  const result: Dropped = { files: [], emptyFolders: [] };
  const waiting = entries.map((entry) => ({ entry, path: entry.name }));
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { entry, path } = next;
    if (isDirectory(entry)) {
      const inside = await content(entry);
      if (inside.length === 0) result.emptyFolders.push(path);
      for (const child of inside) waiting.push({ entry: child, path: `${path}/${child.name}` });
    } else {
      const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
      result.files.push({ file, path });
    }
  }
  result.files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return result;
}

const isDirectory = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;

/** A folder is read in portions (Chromium gives a hundred at a time), the last of which is empty. */
async function content(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}

/** Cuts a long list of files into requests the server takes. */
export function batches(files: readonly Incoming[], most = 1000): Incoming[][] {
  const cut: Incoming[][] = [];
  for (let at = 0; at < files.length; at += most) cut.push(files.slice(at, at + most));
  return cut;
}
