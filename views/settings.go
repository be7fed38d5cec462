package views

import "context"

// settingsEntry is a page of settings. One for leads opens to them too; what
// they may change there is for its handlers to say.
type settingsEntry struct {
	name  string
	leads bool
}

var settingsEntries = []settingsEntry{
	{"connections", false},
	{"teams", true},
	{"calendars", true},
	{"workflow", true},
	{"services", true},
	{"users", false},
	{"tokens", false},
	{"embeds", true},
	{"audit", false},
}

// settingsTabs are the pages of settings that are open to whoever looks.
func settingsTabs(ctx context.Context, nav string) []Tab {
	var tabs []Tab
	for _, e := range settingsEntries {
		if e.leads || isAdmin(ctx) {
			tabs = append(tabs, Tab{Label: "settings." + e.name, Path: "/settings/" + e.name, Current: e.name == nav})
		}
	}
	return tabs
}

// FirstSettings is the path of the first of them.
func FirstSettings(ctx context.Context) string { return settingsTabs(ctx, "")[0].Path }

type (
	adminKey    struct{}
	lookOnlyKey struct{}
)

// WithAdmin returns ctx carrying whether an admin looks.
func WithAdmin(ctx context.Context, admin bool) context.Context {
	return context.WithValue(ctx, adminKey{}, admin)
}

func isAdmin(ctx context.Context) bool {
	admin, _ := ctx.Value(adminKey{}).(bool)
	return admin
}

// WithLookOnly returns ctx carrying whether a page of settings only shows what
// others may change.
func WithLookOnly(ctx context.Context, on bool) context.Context {
	return context.WithValue(ctx, lookOnlyKey{}, on)
}

func looksOnly(ctx context.Context) bool {
	on, _ := ctx.Value(lookOnlyKey{}).(bool)
	return on
}
