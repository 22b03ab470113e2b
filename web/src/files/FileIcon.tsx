import { Braces, File, FileCode, FileImage, FileSpreadsheet, FileText, Folder, FolderOpen, Link2, type LucideIcon, NotebookText } from "lucide-react";

const byExtension: Record<string, LucideIcon> = {
  md: FileText, markdown: FileText, txt: FileText, rst: FileText, pdf: FileText, tex: FileText,
  csv: FileSpreadsheet, tsv: FileSpreadsheet, xlsx: FileSpreadsheet,
  json: Braces, jsonl: Braces, yaml: Braces, yml: Braces, toml: Braces,
  ipynb: NotebookText,
  png: FileImage, jpg: FileImage, jpeg: FileImage, gif: FileImage, webp: FileImage, svg: FileImage,
};
const code = /\.(?:py|go|js|ts|tsx|jsx|c|h|cc|cpp|hpp|rs|java|r|jl|m|sh|sql|f90|lua|rb|html|css)$/i;

export function FileIcon({ name, type, open }: { name: string; type?: string; open?: boolean }) {
  const extension = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
  const Icon =
    type === "directory" ? (open ? FolderOpen : Folder) : type === "symlink" ? Link2 : (byExtension[extension] ?? (code.test(name) ? FileCode : File));
  return <Icon size={16} aria-hidden className="file-icon" />;
}
