package workspace

import (
	"context"
	"errors"
	"net/http"

	"github.com/innoclaw/innoclaw/internal/boundary"
	"github.com/innoclaw/innoclaw/internal/server"
)

// answer is how a code of package boundary is answered.
type answer struct {
	status  int
	message string
}

func answerTo(code boundary.Code) answer {
	switch code {
	case boundary.CodePath:
		return answer{http.StatusBadRequest, "The path is not valid: it must be relative to the workspace, in UTF-8, without control characters and empty, \".\" or \"..\" parts."}
	case boundary.CodeProtected:
		return answer{http.StatusForbidden, "This folder is protected."}
	case boundary.CodeOutside:
		return answer{http.StatusForbidden, "This leads outside the workspace."}
	case boundary.CodeNotFound:
		return answer{http.StatusNotFound, "There is no such file or folder."}
	case boundary.CodeExists:
		return answer{http.StatusConflict, "There is already a file or folder of this name. Nothing was replaced."}
	case boundary.CodeNotDirectory:
		return answer{http.StatusUnprocessableEntity, "This is not a folder."}
	case boundary.CodeIsDirectory:
		return answer{http.StatusUnprocessableEntity, "This is a folder, not a file."}
	case boundary.CodeSpecial:
		return answer{http.StatusUnprocessableEntity, "This is a special file (pipe, socket or device), which is never opened."}
	case boundary.CodeNotEmpty:
		return answer{http.StatusConflict, "The folder is not empty."}
	case boundary.CodeIntoItself:
		return answer{http.StatusConflict, "A folder cannot be put into itself."}
	case boundary.CodeChanged:
		return answer{http.StatusPreconditionFailed, "The file was changed by somebody else since it was read. Nothing was written; read it again and merge."}
	case boundary.CodeTooLarge:
		return answer{http.StatusRequestEntityTooLarge, "This is larger than the limit."}
	case boundary.CodeFull:
		return answer{http.StatusInsufficientStorage, "The disk of the server is full, or the quota is used up. Nothing was written; free some space and try again."}
	case boundary.CodeReadOnly:
		return answer{http.StatusForbidden, "This folder lies on a read-only file system."}
	case boundary.CodePermission:
		return answer{http.StatusForbidden, "The server's account has no permission for this file or folder."}
	default:
		return answer{http.StatusInternalServerError, "The disk operation did not work. The server's log has the details."}
	}
}

// problem turns an error of a file operation into the one to answer with. The
// message names no path that the caller did not send.
func problem(err error) error {
	var own *boundary.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	default:
		return err
	}
	details := map[string]any{}
	if own.Path != "" && own.Code != boundary.CodePath {
		details["path"] = own.Path
	}
	if own.Code == boundary.CodeChanged {
		details["contentHash"] = own.Hash
	}
	a := answerTo(own.Code)
	if len(details) == 0 {
		return server.WithCause(server.Problem(a.status, string(own.Code), a.message), err)
	}
	return server.WithCause(server.Problem(a.status, string(own.Code), a.message, details), err)
}

// folderProblem is problem for the folder of a workspace.
func folderProblem(err error) error {
	switch boundary.CodeOf(err) {
	case boundary.CodeOutside:
		return server.WithCause(server.Forbidden("outside_roots",
			"This folder is not inside a workspace root of this server. Choose one inside, or ask the operator to add it to WORKSPACE_ROOTS."), err)
	case boundary.CodeNotFound:
		return server.WithCause(server.Invalid("folder_missing", "The folder does not exist. Make it first, or choose to have it made."), err)
	case boundary.CodeNotDirectory:
		return server.WithCause(server.Invalid("folder_invalid", "This is not a folder."), err)
	}
	return problem(err)
}
