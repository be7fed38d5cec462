package control

import (
	"context"

	"throughline/internal/sqlite"
)

// StripCopy takes out of a copy of the control database what must not live on
// in it: sessions and one-time links, by which whoever holds the copy, or
// restores it, would be let in.
func StripCopy(ctx context.Context, path string) error {
	return sqlite.Purge(ctx, path, "sessions", "setup_token", "invites")
}
