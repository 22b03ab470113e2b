// Package boundary is the one door between paths that come from outside and the
// file system.
//
// The operator names folders (workspace roots) in the configuration; [OpenRoots]
// opens each as an [os.Root] at start and refuses dangerous ones. A request never
// adds a root. [Roots.Resolve] turns a person's folder into a [Folder]: canonical,
// symlinks resolved, inside a root. [OpenDir] opens that folder as a [Dir], and all
// file work of a workspace goes through its Dir with workspace-relative names that
// passed [Clean].
//
// What a Dir promises, also while another process swaps names under it:
//   - nothing outside the folder is read, listed, made, changed or removed: every
//     name is looked up relative to an open directory handle, links are followed
//     only by os.Root, which keeps them inside;
//   - only regular files and directories are opened, so that no FIFO, socket or
//     device can hang or be triggered by a request;
//   - no operation replaces a file that the caller did not say it knows;
//   - the service folder [PrivateName] cannot be named by a caller.
//
// Errors are of type [*Error]: a stable code, the workspace-relative path and the
// cause. They never hold an absolute path.
package boundary
