package views

import (
	"context"
	"net/url"
)

// Version is a definition as it holds from a day on.
type Version struct {
	Path      string
	Value     string // day as forms name it, "" for the beginning of time
	From      string // day in words, "" for the beginning of time
	Text      string // what it is, in short
	Current   bool   // it is the one that is shown
	Deletable bool
	Flow      string // path of flow by this version
}

// Pinned says whose definitions a page is by.
type Pinned struct {
	Day  string
	Path string // of the page by those in force
}

// Numbers is flow before and after a change that is not saved.
type Numbers struct {
	Same                       bool // nothing changes
	Rows                       []NumberRow
	Closed, Opened, Remeasured int
	Flips                      []Flip
	More                       int // issues beside those listed
}

// NumberRow is a figure before and after.
type NumberRow struct{ Label, Before, After string }

// Flip is an issue that a change concerns.
type Flip struct{ Key, Title, Status, Before, After string }

// Rebuild is how far a rebuild of numbers is.
type Rebuild struct {
	Pending     bool
	Done, Total int // issues, 0 while it is not known
}

// VersionDeletion is what asks whether a version is to be deleted.
type VersionDeletion struct {
	Tab          string // of settings
	Title, Goes  string
	Covers       string // the version that holds in its place
	Action, Back string
	Hidden       []Option // names and values of the form
}

// versionURL is where a version is deleted.
func versionURL(path string, v Version, hidden []Option) string {
	q := url.Values{"version": {v.Value}}
	for _, h := range hidden {
		if h.Label != "" {
			q.Set(h.Value, h.Label)
		}
	}
	return path + "?" + q.Encode()
}

type leadKey struct{}

// WithLead returns ctx carrying whether somebody looks who may open settings,
// a lead or an admin.
func WithLead(ctx context.Context, lead bool) context.Context {
	return context.WithValue(ctx, leadKey{}, lead)
}

func isLead(ctx context.Context) bool {
	lead, _ := ctx.Value(leadKey{}).(bool)
	return lead
}

// when is the choice of the day from which a change holds.
func when(f Form, versioned bool) string {
	if v := f.Value("when"); v != "" {
		return v
	}
	if versioned {
		return "version"
	}
	return "beginning"
}

// versionFrom is the day of the version that is shown.
func versionFrom(all []Version) string {
	for _, v := range all {
		if v.Current {
			return v.From
		}
	}
	return ""
}
