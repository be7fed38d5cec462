package github

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"throughline/internal/source"
)

// maxProbed is how many repositories are tried for their runs.
const maxProbed = 30

// Check asks who the token belongs to, which of the repositories it sees, and
// whether it may read their runs. Somebody waits for the answer: nothing is tried
// twice.
func (s *Source) Check(ctx context.Context) (source.Report, error) {
	var report source.Report
	if s.token == "" && s.app == nil { // only hooks are received
		report.HooksOnly = true
		return report, nil
	}
	report.HooksOnly = len(s.repositories)+len(s.organizations) == 0
	var err error
	if s.app != nil {
		report.Account, report.Organization, err = s.installed(ctx)
	} else {
		report.Account, err = s.account(ctx)
		report.Organization = strings.Join(s.organizations, ", ")
	}
	if err != nil {
		return report, err
	}
	f := finder{Source: s, known: func(string) *found { return nil }, once: true}
	if err := f.find(ctx); err != nil {
		return report, err
	}
	for _, r := range f.all {
		report.Scope = append(report.Scope, r.FullName)
	}
	slices.Sort(report.Scope)
	for i := range f.unseen {
		report.Missing = append(report.Missing, f.unseen[i].message())
	}
	for _, r := range f.probed() {
		_, err := s.client.do(ctx, request{
			path: "/repos/" + r.FullName + "/actions/runs", query: url.Values{"per_page": {"1"}}, limit: maxOtherBody, once: true,
		})
		switch {
		case isStatus(err, http.StatusForbidden, http.StatusNotFound):
			report.Missing = append(report.Missing, noActions(r.FullName, err))
		case err != nil:
			return report, err
		}
		if err := s.probeDora(ctx, r, &report); err != nil {
			return report, err
		}
	}
	return report, nil
}

// probeDora tries whether the deployments of a repository may be read, and what led
// to them.
func (s *Source) probeDora(ctx context.Context, r found, report *source.Report) error {
	for _, path := range []string{"/deployments", "/pulls", "/commits"} {
		_, err := s.client.do(ctx, request{
			path: "/repos/" + r.FullName + path, query: url.Values{"per_page": {"1"}}, limit: maxOtherBody, once: true,
		})
		switch {
		case isStatus(err, http.StatusForbidden, http.StatusNotFound):
			report.Missing = append(report.Missing, noDora(r.FullName, err))
			return nil
		case isStatus(err, http.StatusConflict): // nothing was ever pushed
		case err != nil:
			return err
		}
	}
	return nil
}

// noDora says that not all that has to do with deployments is to be seen.
func noDora(name string, err error) source.Message {
	said := err.Error()
	return source.Message{
		Text:   "Not all of the deployments and pull requests of " + name + " can be read; the token may lack a permission: " + said,
		Phrase: source.Phrase{ID: "github.dora", Args: []string{"name", name, "said", said}},
	}
}

// probed are the repositories that are named, and the first of each organisation: a
// token that may read one of them may read the others.
func (f *finder) probed() []found {
	var out []found
	owners := map[string]bool{}
	for _, r := range f.all {
		owner, _, _ := strings.Cut(r.FullName, "/")
		named := slices.ContainsFunc(f.repositories, func(name string) bool { return strings.EqualFold(name, r.FullName) })
		if (named || !owners[owner]) && len(out) < maxProbed {
			out = append(out, r)
		}
		owners[owner] = true
	}
	return out
}

// account is the token's owner, "" for a token that is nobody's.
func (s *Source) account(ctx context.Context) (string, error) {
	a, err := s.client.do(ctx, request{path: "/user", limit: maxOtherBody, once: true})
	if isStatus(err, http.StatusForbidden, http.StatusNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var user struct {
		Login string `json:"login"`
		Name  string `json:"name"`
	}
	switch {
	case json.Unmarshal(a.body, &user) != nil || user.Login == "":
		return "", &answerError{path: a.path, id: "user", what: "is not a user"}
	case user.Name == "":
		return user.Login, nil
	}
	return user.Name + " (" + user.Login + ")", nil
}

// installed is the app's name, and the account that it is installed in.
func (s *Source) installed(ctx context.Context) (name, account string, err error) {
	a, err := s.client.do(ctx, request{path: "/app/installations/" + s.app.installation, limit: maxOtherBody, asApp: true, once: true})
	if isStatus(err, http.StatusNotFound) {
		return "", "", unknownInstallation()
	}
	if err != nil {
		return "", "", err
	}
	var got struct {
		App     string `json:"app_slug"`
		Account struct {
			Login string `json:"login"`
		} `json:"account"`
	}
	if json.Unmarshal(a.body, &got) != nil {
		return "", "", &answerError{path: a.path, id: "shape", what: "does not hold what was asked for"}
	}
	return got.App, got.Account.Login, nil
}
