package importer

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"throughline/internal/control"
)

// config reads the config.
func (p *doraPlanner) config() {
	root, problems := parseYAML(p.o.Config.Data)
	if p.problems = problems; problems != nil {
		return
	}
	p.stored, p.storedPath = place{key: "storage.file.path"}, "dora-exporter.prom"
	if path, ok := p.o.Lookup("STORAGE_FILE_PATH"); ok && path != "" {
		p.stored, p.storedPath = place{"STORAGE_FILE_PATH", noLine}, path
	}
	sections := map[string]func(yamlEntry){
		"teams": p.teams, "github": p.github, "server": p.server, "catalog": p.catalog, "storage": p.storage,
	}
	for _, e := range p.entries("", root) {
		section, known := sections[e.key]
		if !known {
			p.foreign(e.key, e.line)
			continue
		}
		section(e)
	}
	p.fromEnvironment()
	p.owners()
}

// plainKey is a key that is no secret in the wrong place.
var plainKey = regexp.MustCompile(`^[a-zA-Z_.\[\]0-9-]{1,60}$`)

func (p *doraPlanner) foreign(key string, line int) {
	if !plainKey.MatchString(key) {
		key = ""
	}
	p.notNeeded(place{key, line}, "not a setting of dora-exporter")
}

// entries are the keys of a mapping; anything else is a problem.
func (p *doraPlanner) entries(name string, n *yamlValue) []yamlEntry {
	if n.null() {
		return nil
	}
	if n.entries == nil {
		p.fail(n.line, "%s: must be a mapping of keys to values", cmp.Or(name, "the file"))
	}
	return n.entries
}

// texts are those of a list, or of one text; with lines.
func (p *doraPlanner) texts(name string, n *yamlValue) []yamlValue {
	if n.null() {
		return nil
	}
	items := n.items
	if n.scalar {
		items = []*yamlValue{n}
	}
	if items == nil && n.entries != nil {
		p.fail(n.line, "%s: must be a list", name)
	}
	var out []yamlValue
	for _, item := range items {
		if !item.scalar {
			p.fail(item.line, "%s: must be a list of texts", name)
		} else if item.text = strings.TrimSpace(item.text); item.text != "" {
			out = append(out, *item)
		}
	}
	return out
}

// text is a single one, "" when there is none.
func (p *doraPlanner) text(name string, n *yamlValue) string {
	if n.null() {
		return ""
	}
	if !n.scalar {
		p.fail(n.line, "%s: must be a text", name)
	}
	return strings.TrimSpace(n.text)
}

// ownerAndName is how dora-exporter compared repositories: by their full names.
var ownerAndName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}$`)

// teams reads whose repositories and projects are whose.
func (p *doraPlanner) teams(section yamlEntry) {
	if section.value.null() {
		return
	}
	if section.value.items == nil {
		p.fail(section.line, "teams: must be a list")
		return
	}
	for i, item := range section.value.items {
		p.team(fmt.Sprintf("teams[%d]", i+1), item)
	}
}

func (p *doraPlanner) team(key string, n *yamlValue) {
	var t control.Team
	at := place{key, n.line}
	for _, e := range p.entries(key, n) {
		switch e.key {
		case "name":
			t.Name = p.text(key+".name", e.value)
		case "github_repositories":
			t.Repositories = p.teamRepositories(key, e)
		case "jira_projects":
			for _, project := range p.texts(key+".jira_projects", e.value) {
				t.JiraProjects = append(t.JiraProjects, project.text)
			}
		default:
			p.foreign(key+"."+e.key, e.line)
		}
	}
	if t.Name == "" {
		p.fail(n.line, "%s: has no name", key)
		return
	}
	p.jiraProjects = p.jiraProjects || len(t.JiraProjects) > 0
	for i := range p.plan.Import.Teams {
		if had := &p.plan.Import.Teams[i]; strings.EqualFold(had.Name, t.Name) {
			had.Repositories, had.JiraProjects = append(had.Repositories, t.Repositories...), append(had.JiraProjects, t.JiraProjects...)
			p.taken(at, "more of the team %s", had.Name)
			return
		}
	}
	p.plan.Import.Teams = append(p.plan.Import.Teams, t)
	p.taken(at, "the team %s, with %s and %s", t.Name, counted(len(t.Repositories), "repository", "repositories"), counted(len(t.JiraProjects), "Jira project", "Jira projects"))
}

func (p *doraPlanner) teamRepositories(key string, e yamlEntry) (out []string) {
	for _, r := range p.texts(key+".github_repositories", e.value) {
		if !ownerAndName.MatchString(r.text) {
			p.notTaken(place{key + ".github_repositories", r.line}, "%s is not owner/name, so dora-exporter never found its team; give the team the full name under Settings → Teams", strconv.Quote(clip(r.text)))
			continue
		}
		out = append(out, r.text)
		if !slices.ContainsFunc(p.repositories, func(o string) bool { return strings.EqualFold(o, r.text) }) {
			p.repositories = append(p.repositories, r.text)
		}
	}
	return out
}

func clip(text string) string {
	if r := []rune(text); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return text
}

func (p *doraPlanner) github(section yamlEntry) {
	for _, e := range p.entries("github", section.value) {
		at := place{"github." + e.key, e.line}
		switch e.key {
		case "owner":
			if owner := p.text(at.key, e.value); owner != "" {
				p.notNeeded(at, "each hook says whose the repository is; dora-exporter asked for all of them at this owner's, and counted 292 years where that was wrong")
			}
		case "token":
			p.token, p.tokenPlace = p.text(at.key, e.value), at
		default:
			p.foreign(at.key, e.line)
		}
	}
}

func (p *doraPlanner) server(section yamlEntry) {
	for _, e := range p.entries("server", section.value) {
		if e.key != "port" {
			p.foreign("server."+e.key, e.line)
			continue
		}
		port := p.text("server.port", e.value)
		n, err := strconv.ParseUint(port, 10, 16)
		switch {
		case port == "":
		case err != nil || n == 0:
			p.fail(e.line, "server.port: not a port like 8090")
		default:
			p.taken(place{"server.port", e.line}, "to keep it, set the variable below; without it the server listens on :8080")
			p.plan.Report.Set = append(p.plan.Report.Set, fmt.Sprintf("THROUGHLINE_ADDR=:%d", n))
		}
	}
}

func (p *doraPlanner) catalog(section yamlEntry) {
	mode, endpoint := "", ""
	at, endpointAt := place{"catalog", section.line}, place{}
	for _, e := range p.entries("catalog", section.value) {
		key := "catalog." + e.key
		switch e.key {
		case "mode":
			mode, at = strings.ToLower(p.text(key, e.value)), place{key, e.line}
		case "endpoint":
			endpoint, endpointAt = p.text(key, e.value), place{key, e.line}
		case "token":
			p.backstageToken = p.text(key, e.value)
		default:
			p.foreign(key, e.line)
		}
	}
	switch {
	case mode == "" || mode == "static":
		if mode != "" {
			p.taken(at, "teams are those of the file")
		}
		if endpoint != "" {
			p.notNeeded(endpointAt, "with a static catalog nothing is asked")
		}
	case mode != "backstage":
		p.fail(at.line, "catalog.mode: not one of static, backstage")
	case endpoint == "":
		p.fail(at.line, "catalog.endpoint: is missing")
	default:
		p.plan.Import.Catalog = &control.Catalog{Endpoint: endpoint, Annotation: control.DefaultAnnotation}
		p.taken(endpointAt, "Backstage says whose repositories are, besides the teams of the file; it is asked in the background, and its answers are kept while it is away. Its path is kept too, which dora-exporter dropped")
	}
}

func (p *doraPlanner) storage(section yamlEntry) {
	for _, e := range p.entries("storage", section.value) {
		if e.key != "file" {
			p.foreign("storage."+e.key, e.line)
			continue
		}
		for _, inner := range p.entries("storage.file", e.value) {
			key := "storage.file." + inner.key
			if inner.key != "path" {
				p.foreign(key, inner.line)
			} else if path := p.text(key, inner.value); path != "" {
				p.stored, p.storedPath = place{key, inner.line}, path
			}
		}
	}
}

// fromEnvironment takes what the file leaves to the environment.
func (p *doraPlanner) fromEnvironment() {
	for _, v := range []struct {
		name string
		to   *string
		at   *place
	}{{"GITHUB_TOKEN", &p.token, &p.tokenPlace}, {"BACKSTAGE_TOKEN", &p.backstageToken, nil}} {
		if *v.to != "" {
			continue
		}
		if text, ok := p.o.Lookup(v.name); ok && strings.TrimSpace(text) != "" {
			if *v.to = strings.TrimSpace(text); v.at != nil {
				*v.at = place{v.name, noLine}
			}
		}
	}
	if p.plan.Import.Catalog != nil {
		p.plan.Import.Token = p.backstageToken
	}
}

// owners makes a service of each repository of a team, by its short name where that is
// one's alone. A team's Jira projects are about its repository when it has only one.
func (p *doraPlanner) owners() {
	short := map[string]int{}
	name := func(repository string) string { return repository[strings.LastIndexByte(repository, '/')+1:] }
	for _, r := range p.repositories {
		short[strings.ToLower(name(r))]++
	}
	for _, r := range p.repositories {
		var s control.Service
		if s.Name, s.Repository = name(r), r; short[strings.ToLower(name(r))] > 1 {
			s.Name = r
		}
		for i := range p.plan.Import.Teams {
			if t := &p.plan.Import.Teams[i]; len(t.Repositories) == 1 && strings.EqualFold(t.Repositories[0], r) {
				s.JiraProjects = append(s.JiraProjects, t.JiraProjects...)
			}
		}
		p.plan.Import.Services = append(p.plan.Import.Services, s)
	}
	if n := len(p.repositories); n > 0 {
		p.taken(place{"teams", noLine}, "%s, one of each repository", counted(n, "service", "services"))
	}
	p.check()
	for i := range p.plan.Import.Teams {
		if t := &p.plan.Import.Teams[i]; len(t.JiraProjects) > 0 && len(t.Repositories) != 1 {
			p.notTaken(place{"teams", noLine}, "the team %s has Jira projects and %s: which service their incidents are about only you can say, under Settings → Services; until then they count for the team on /metrics, and fail no deployment", t.Name, counted(len(t.Repositories), "repository", "repositories"))
		}
	}
}

// check finds what cannot be stored here, though dora-exporter took it.
func (p *doraPlanner) check() {
	for _, t := range p.plan.Import.Teams {
		for _, err := range flatten(t.Check()) {
			p.fail(0, "the team %s: %v", strconv.Quote(clip(t.Name)), err)
		}
	}
	for _, s := range p.plan.Import.Services {
		for _, err := range flatten(s.Check()) {
			p.fail(0, "the service %s: %v", strconv.Quote(clip(s.Name)), err)
		}
	}
}
