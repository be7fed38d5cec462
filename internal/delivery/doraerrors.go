package delivery

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// errorLevels are the levels of error groups, the lightest first.
var errorLevels = []string{"debug", "info", "warning", "error", "fatal"}

// ErrorLevels are the levels that DoraRules may ask for, the lightest first.
func ErrorLevels() []string { return slices.Clone(errorLevels) }

// Defaults of DoraRules.
const (
	DefaultErrorLevel = "error"
	DefaultErrorUsers = 10
	maxErrorUsers     = manyUsers
)

// maxBlamed is how many error groups speak against one deployment: those that most
// users saw. More say nothing more.
const maxBlamed = 10

// outbreak is a group being new, or coming back, in a release.
type outbreak struct {
	group   *ErrorGroup
	release string
	at      Instant
	back    bool // it was resolved before
}

// blameErrors notes the error groups that were new or came back in a release within
// the window after it was deployed to production, bad enough by the rules. What is
// suspected so is of the deployment itself: there is no incident.
func (d *derivation) blameErrors(groups []ErrorGroup, releases []Release) {
	i := slices.IndexFunc(d.classes, func(c *classing) bool { return c.class == Production })
	if i < 0 || len(groups) == 0 {
		return
	}
	production, rules := d.classes[i], &d.setup.Rules
	names, _ := d.setup.productionOf(d.service)
	least := slices.Index(errorLevels, cmp.Or(rules.ErrorLevel, DefaultErrorLevel))
	versions := newReleaseFinder(production, releases, names, Instant(rules.Together.Milliseconds()))
	window := Instant(rules.Window.Milliseconds())
	blamed := map[*rollout][]Evidence{}
	users := map[int64]int64{}
	for i := range groups {
		g := &groups[i]
		if g.Gone || slices.Index(errorLevels, g.Level) < least || g.Users < int64(rules.ErrorUsers) || !d.service.SentryProjects.Match(g.Project) {
			continue
		}
		for _, o := range g.outbreaks(names) {
			failed := versions.deployed(g.Project, o.release, o.at)
			if failed == nil || o.at < failed.FinishedAt || o.at-failed.FinishedAt > window {
				continue
			}
			users[g.Number()] = g.Users
			blamed[failed] = append(blamed[failed], Evidence{
				Method: EvidenceSentry, Confidence: Suspected, At: o.at, Errors: g.Number(), Detail: strings.TrimSpace(g.ShortID + " " + g.Title),
			})
		}
	}
	for failed, evidence := range blamed {
		slices.SortFunc(evidence, func(a, b Evidence) int {
			return cmp.Or(cmp.Compare(users[b.Errors], users[a.Errors]), cmp.Compare(a.At, b.At), cmp.Compare(a.Errors, b.Errors))
		})
		failed.Evidence = append(failed.Evidence, evidence[:min(len(evidence), maxBlamed)]...)
	}
}

// outbreaks are when a group was new and came back, as far as a release is known. A
// group of environments is new when production first has it.
func (g *ErrorGroup) outbreaks(production []string) []outbreak {
	first, inProduction := Instant(0), len(g.Environments) == 0
	for _, e := range g.Environments {
		if e.None || IsProduction(production, e.Name) {
			first, inProduction = earliest(first, e.FirstSeen), true
		}
	}
	if !inProduction {
		return nil
	}
	var out []outbreak
	if g.FirstRelease != "" {
		out = append(out, outbreak{g, g.FirstRelease, cmp.Or(first, g.FirstSeen), false})
	}
	for _, s := range g.States {
		if s.Regressed && !s.Before && s.Release != "" {
			out = append(out, outbreak{g, s.Release, s.At, true})
		}
	}
	return out
}

// releaseFinder finds the deployments of releases.
type releaseFinder struct {
	finder     *finder
	groups     []*rollout // of production, in order
	releases   map[string]*Release
	production []string
	together   Instant
}

func newReleaseFinder(c *classing, releases []Release, production []string, together Instant) *releaseFinder {
	f := &releaseFinder{finder: c.finder(), groups: c.groups, releases: map[string]*Release{}, production: production, together: together}
	for i := range releases {
		r := &releases[i]
		f.releases[r.Project+"\x00"+r.Version] = r
	}
	return f
}

// deployed is the last deployment of a release that was over by an instant: the one
// that has its version, its sha or its commit, else the one that was over when the
// source of errors says that it was deployed.
func (f *releaseFinder) deployed(project, version string, by Instant) *rollout {
	release := f.releases[project+"\x00"+version]
	for _, name := range releaseNames(version, release) {
		if g := f.finder.version(name, by); g != nil {
			return g
		}
	}
	shas := []string{bareVersion(version)}
	if release != nil {
		shas = append(shas, release.SHA)
	}
	for _, sha := range shas {
		if isSHA(sha) {
			if g := f.finder.sha(sha, by); g != nil {
				return g
			}
		}
	}
	if release == nil {
		return nil
	}
	var found *rollout
	for _, d := range release.Deploys {
		if d.FinishedAt == 0 || d.FinishedAt > by || !IsProduction(f.production, d.Environment) {
			continue
		}
		for _, g := range f.groups {
			if g.counts() && max(g.FinishedAt-d.FinishedAt, d.FinishedAt-g.FinishedAt) <= f.together && (found == nil || g.FinishedAt > found.FinishedAt) {
				found = g
			}
		}
	}
	return found
}

// releaseNames are what deployments may call a release: pay@1.4.2+build is also
// 1.4.2+build, 1.4.2, and with a v before.
func releaseNames(version string, r *Release) []string {
	bare := bareVersion(version)
	names := []string{version, bare}
	if r != nil && r.Short != "" {
		names = append(names, r.Short)
	}
	if short, _, ok := strings.Cut(bare, "+"); ok {
		names = append(names, short)
	}
	for _, name := range names {
		if with, ok := strings.CutPrefix(name, "v"); ok {
			names = append(names, with)
		} else {
			names = append(names, "v"+name)
		}
	}
	return names
}

// bareVersion is a version without its package.
func bareVersion(version string) string { return version[strings.LastIndexByte(version, '@')+1:] }

func isSHA(text string) bool {
	return len(text) >= 7 && len(text) <= 64 && strings.Trim(strings.ToLower(text), "0123456789abcdef") == ""
}

// validateErrors says what is wrong with the thresholds.
func (r *DoraRules) validateErrors() error {
	switch {
	case r.ErrorLevel != "" && !slices.Contains(errorLevels, r.ErrorLevel):
		return fmt.Errorf("error_level: not one of %s", strings.Join(errorLevels, ", "))
	case r.ErrorUsers < 0 || r.ErrorUsers > maxErrorUsers:
		return fmt.Errorf("error_users: not from 0 to %d", maxErrorUsers)
	}
	return nil
}
