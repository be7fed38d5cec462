package views

import "context"

// ConnectionForm is the form of one connection, made from its kind.
type ConnectionForm struct {
	Form
	New         bool
	Name        string
	Kind        string
	KindTitle   string
	Kinds       []Tab // to choose from, when there are several
	Provisioned bool
	Pushed      bool   // nothing is pulled
	BuiltIn     bool   // always there
	Hook        string // address that the source sends its hooks to, "" when it sends none
	HookAny     string // another one, which finds the connection by its secret; "" for none
	Intervals   []Option
	Secrets     []SecretInput
	Fields      []ConnectionInput
	Advanced    []ConnectionInput
	Open        bool // the advanced fields are shown
}

// ConnectionInput is a setting as the form asks for it.
type ConnectionInput struct {
	Input
	Check   bool     // yes or no
	Options []Option // of a choice
}

// SecretInput is a secret; its value never leaves the server.
type SecretInput struct {
	Input
	Set bool // one is stored
	// Proposed is a new one to copy to where it is needed too, before it is stored.
	Proposed string
	Renew    string // path to the form that proposes another one, "" for none
}

// TestResult is what a connection test found.
type TestResult struct {
	Kind         string
	HooksOnly    bool // nothing is fetched
	Failed       bool
	Advice       string // what to do, where that is known
	Error        string // what went wrong, where the advice does not say it
	Account      string
	Organization string
	Scope        []string
	Missing      []string
}

// lacks reports whether the test works and yet there is something to mend.
func (r TestResult) lacks() bool { return len(r.Missing) > 0 || len(r.Scope) == 0 && !r.HooksOnly }

func (f ConnectionForm) path() string {
	if f.New {
		return "/settings/connections"
	}
	return "/settings/connections/" + f.Name
}

// hookAny is the message about the addresses that are of no connection alone.
func (f ConnectionForm) hookAny() string {
	if f.Kind == "jira" {
		return "hook.any.jira"
	}
	return "hook.any"
}

func (f ConnectionForm) testPath() string {
	if f.New {
		return "/settings/connections/test"
	}
	return f.path() + "/test"
}

// names are the fields in the order of the page.
func (f ConnectionForm) names() []string {
	names := []string{"name"}
	for _, s := range f.Secrets {
		names = append(names, s.Name)
	}
	for _, i := range f.Fields {
		names = append(names, i.Name)
	}
	names = append(names, "every")
	for _, i := range f.Advanced {
		names = append(names, i.Name)
	}
	return names
}

func (f ConnectionForm) labels(ctx context.Context) map[string]string {
	labels := map[string]string{"name": t(ctx, "connection.name"), "every": t(ctx, "connection.interval")}
	for _, list := range [][]ConnectionInput{f.Fields, f.Advanced} {
		for _, i := range list {
			labels[i.Name] = i.Label
		}
	}
	for _, s := range f.Secrets {
		labels[s.Name] = s.Label
	}
	return labels
}

// scopeShown is how many names of a scope are listed before the rest is folded
// away.
const scopeShown = 12
