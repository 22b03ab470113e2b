import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { queryClient } from "../api/queries";
import { serve } from "../test/render";
import { batches, chosen, dropped } from "./dropped";
import { upload } from "./uploads";

/** A dropped folder as Chromium tells it: content in portions, the last one empty. */
function folder(name: string, children: FileSystemEntry[], portion = 2): FileSystemEntry {
  return {
    name,
    isDirectory: true,
    createReader: () => {
      const rest = [...children];
      return { readEntries: (done: (some: FileSystemEntry[]) => void) => done(rest.splice(0, portion)) };
    },
  } as unknown as FileSystemEntry;
}
const leaf = (name: string): FileSystemEntry =>
  ({ name, isDirectory: false, file: (done: (file: File) => void) => done(new File([name], name)) }) as unknown as FileSystemEntry;
const transfer = (entries: (FileSystemEntry | null)[], files: File[] = []) =>
  ({ items: entries.map((entry) => ({ kind: "file", webkitGetAsEntry: () => entry })), files }) as unknown as DataTransfer;

describe("drop", () => {
  it("walks folders to the end and names every path", async () => {
    const many = Array.from({ length: 5 }, (_, n) => leaf(`n${n}.txt`));
    const got = await dropped(transfer([leaf("a.md"), folder("study", [folder("raw", many), folder("empty", []), leaf("b.md")])]));
    expect(got.files.map((item) => item.path)).toEqual(["a.md", "study/b.md", ...many.map((entry) => `study/raw/${entry.name}`)]);
    expect(got.emptyFolders).toEqual(["study/empty"]);
  });

  it("takes plain files where a browser tells no entries", async () => {
    const got = await dropped(transfer([null], [new File(["x"], "x.txt")]));
    expect(got).toMatchObject({ files: [{ path: "x.txt" }], emptyFolders: [] });
  });

  it("takes the paths of a chosen folder", () => {
    const file = new File(["x"], "x.txt");
    Object.defineProperty(file, "webkitRelativePath", { value: "study/x.txt" });
    expect(chosen([file]).files[0]?.path).toBe("study/x.txt");
  });

  it("cuts many files into requests", () => {
    const items = Array.from({ length: 5 }, (_, n) => ({ file: new File([], `${n}`), path: `${n}` }));
    expect(batches(items, 2).map((batch) => batch.length)).toEqual([2, 2, 1]);
    expect(batches([], 2)).toEqual([]);
  });
});

describe("upload", () => {
  const sent: { url: string; fields: [string, string][] }[] = [];
  beforeEach(() => {
    sent.length = 0;
    vi.stubGlobal(
      "XMLHttpRequest",
      class {
        status = 200;
        statusText = "";
        responseText = "";
        upload = {};
        url = "";
        onload: () => void = () => {};
        open(_: string, url: string) {
          this.url = url;
        }
        abort() {}
        send(form: FormData) {
          const fields = [...form.entries()].map(([name, value]): [string, string] => [name, typeof value === "string" ? value : value.name]);
          sent.push({ url: this.url, fields });
          this.responseText = JSON.stringify({ files: fields.filter(([name]) => name === "files").map(([, name]) => ({ name, path: name })) });
          queueMicrotask(() => this.onload());
        }
      },
    );
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    queryClient.clear();
  });

  it("sends a path right before the file it belongs to, and makes empty folders", async () => {
    const calls = serve({ "POST /api/files/mkdir": () => new Response('{"code":"exists","error":"there"}', { status: 409 }) });
    const files = [
      { file: new File(["1"], "a.md"), path: "a.md" },
      { file: new File(["2"], "b.md"), path: "study/raw/b.md" },
    ];
    await upload("w", "in", { files, emptyFolders: ["study/empty"] });
    expect(sent).toEqual([
      {
        url: "/api/files/upload?workspaceId=w&dir=in&conflict=rename",
        fields: [["files", "a.md"], ["relativePath", "study/raw/b.md"], ["files", "b.md"]],
      },
    ]);
    expect(calls.map((c) => c.body)).toEqual([{ workspaceId: "w", path: "in/study/empty" }]);
  });
});
