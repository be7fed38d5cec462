package sentry

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

const (
	releasesEvery   = 15 * time.Minute
	releasesBack    = 90 * 24 * time.Hour
	maxReleasePages = 50 // in one pull
)

// releases reads those that are new, the latest first, and the deploys of those that
// were deployed since.
func (p *pull) releases(ctx context.Context) error {
	if len(p.projects) == 0 {
		return nil
	}
	st := &p.cursor.Releases
	if st.Page == "" && !p.due(st.At, releasesEvery) {
		p.rowsKnown()
		return p.deploys(ctx)
	}
	if st.Page == "" {
		st.Began, st.Since = p.at(), p.at()-millis(releasesBack)
		if st.At.Known() {
			st.Since = st.At - millis(slack)
		}
	}
	err := p.listReleases(ctx)
	if err == nil || lacks(err) {
		p.rowsKnown()
	}
	if err := p.alone(ctx, "releases", "", err); err != nil {
		return err
	}
	if err := p.retell(p.fresh); err != nil {
		return err
	}
	return p.deploys(ctx)
}

func (p *pull) listReleases(ctx context.Context) error {
	st := &p.cursor.Releases
	query := p.scope(url.Values{"per_page": {strconv.Itoa(perPage)}})
	if st.Page != "" {
		query.Set("cursor", st.Page)
	}
	r := request{to: toReleases, path: p.org("releases/"), query: query}
	cut, err := pages(asking(ctx, p.get), r, maxReleasePages, func(list []json.RawMessage, next string) (bool, error) {
		batch, more := p.releaseFacts(list)
		st.Page = ""
		if more {
			st.Page = next
		}
		if st.Page == "" {
			st.At = st.Began
		}
		return more, p.emit(batch)
	})
	if st.Page != "" && isStatus(err, http.StatusBadRequest) { // the place is not known any more
		st.Page = ""
		delete(p.cursor.Lacks, toReleases)
	}
	if cut {
		p.problem(source.Problem{
			Record: "releases", Path: "$", Message: "There are more releases than one sync reads: the next one goes on",
			Phrase: source.Phrase{ID: "sentry.goes_on"},
		})
	}
	return err
}

// releaseFacts are the releases of a page, one for each project. There may be more
// of them when some of these are new.
func (p *pull) releaseFacts(list []json.RawMessage) (b delivery.Batch, more bool) {
	st := &p.cursor.Releases
	told := delivery.InstantOf(p.now())
	for _, raw := range list {
		var wrong faults
		o := openObject(raw, "$", &wrong)
		r, projects, deployed := p.readRelease(o)
		if len(wrong) > 0 {
			p.problem(wrong.problems("release " + r.Version)...)
			continue
		}
		more = more || r.At() >= st.Since
		p.cursor.date(r.Version, r.At())
		var slugs []string
		for _, project := range projects {
			fact := r
			fact.Project, fact.ToldAt = project.slug, told
			fact.NewGroups = project.groups
			if len(projects) == 1 {
				fact.NewGroups = max(fact.NewGroups, r.NewGroups)
			}
			slugs = append(slugs, project.slug)
			b.Releases = append(b.Releases, fact)
		}
		if len(slugs) > 0 && deployed >= st.Since && len(p.cursor.Deploys) < maxWaiting {
			p.cursor.Deploys = slices.DeleteFunc(p.cursor.Deploys, func(w waiting) bool { return w.Version == r.Version })
			p.cursor.Deploys = append(p.cursor.Deploys, waiting{r.Version, slugs})
		}
	}
	return b, more
}

// share is a project that a release is of.
type share struct {
	slug   string
	groups int64
}

// readRelease reads a release, and when it was last deployed where its deploys are to
// be asked for.
func (p *pull) readRelease(o *object) (r delivery.Release, projects []share, deployed delivery.Instant) {
	r = delivery.Release{
		Version: o.text("version"), Short: o.text("shortVersion"), SHA: o.optional("lastCommit").text("id"),
		CreatedAt: o.requiredInstant("dateCreated"), ReleasedAt: o.instant("dateReleased"),
		Commits: o.count("commitCount"), NewGroups: o.count("newGroups"), URL: o.link("url"),
	}
	switch r.Version {
	case "":
		o.refuse("version", "missing", "is missing")
	case ".", "..": // no part of a path
		o.refuse("version", "id", "is no id")
	}
	if web := p.web(); web != "" {
		r.URL = web + "/releases/" + pathPart(r.Version) + "/"
	}
	var list []json.RawMessage
	if o.has("projects") && json.Unmarshal(o.fields["projects"], &list) != nil {
		o.refuse("projects", "list", "is not a list")
	}
	for _, raw := range list {
		inner := openObject(raw, o.path+".projects", o.wrong)
		if slug := inner.id("slug"); p.chosen(slug) {
			projects = append(projects, share{slug, inner.count("newGroups")})
		}
	}
	switch last := o.optional("lastDeploy"); {
	case o.has("deployCount") && o.count("deployCount") == 0:
	case !o.has("lastDeploy"):
		deployed = r.At()
	case o.count("deployCount") == 1:
		r.Deploys = []delivery.ReleaseDeploy{readDeploy(last)}
	default:
		d := readDeploy(last)
		deployed = max(d.StartedAt, d.FinishedAt, r.At())
	}
	return r, projects, deployed
}

func readDeploy(o *object) delivery.ReleaseDeploy {
	return delivery.ReleaseDeploy{
		ID: o.id("id"), Environment: o.text("environment"), StartedAt: o.instant("dateStarted"),
		FinishedAt: o.instant("dateFinished"), URL: o.link("url"),
	}
}
