package importer

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"throughline/internal/control"
	"throughline/internal/source"
)

// connection makes the connection to Tracker of the variables about it.
func (p *planner) connection() {
	in := &p.plan.Imported
	in.Managed = []string{"org_id", "cloud_org_id", "queues", "query", "language", "changelog"}
	in.Secrets = map[string]string{"token": "", "iam_token": ""}
	minutes := p.int("ETL_INTERVAL_MINUTES", 30, 1, int(control.MaxEvery/time.Minute))
	in.Connection = control.Connection{
		Name: p.o.Name, Kind: p.o.Kind.Name, Every: time.Duration(minutes) * time.Minute, Settings: source.Settings{},
	}
	p.account()
	p.searched()
	p.language()
	p.taken("ETL_INTERVAL_MINUTES", "a sync every %d minutes%s", minutes, p.suffix("ETL_INTERVAL_MINUTES"))
	p.changelog()
	p.initialRange()
}

// setting stores a setting unless it is the kind's default.
func (p *planner) setting(name string, value any) {
	for _, f := range p.o.Kind.Fields {
		if f.Name != name {
			continue
		}
		if text, ok := value.(string); ok && text == f.Default {
			return
		}
		if yes, ok := value.(bool); ok && yes == (f.Default == "true") {
			return
		}
	}
	raw, err := json.Marshal(value)
	if err != nil { // texts, lists of them and bools
		p.wrong(err.Error())
		return
	}
	p.plan.Imported.Connection.Settings[name] = raw
}

// account takes the token and the organisation, of which there must be one each.
func (p *planner) account() {
	const token, iam, org, cloud = "TRACKER__TOKEN", "TRACKER__IAM_TOKEN", "TRACKER__ORG_ID", "TRACKER__CLOUD_ORG_ID"
	secrets := p.plan.Imported.Secrets
	switch {
	case p.has(token) && p.has(iam):
		p.fail(iam, "both it and %s%s are set: keep one", prefix, token)
	case p.has(token):
		secrets["token"] = p.text(token, "")
		p.taken(token, "sealed in the connection %s", p.o.Name)
	case p.has(iam):
		secrets["iam_token"] = p.text(iam, "")
		p.taken(iam, "sealed in the connection %s; it ends within 12 hours, an OAuth token does not", p.o.Name)
	default:
		p.fail(token, "is missing, and so is %s%s", prefix, iam)
	}
	p.failed[token] = p.failed[token] || p.failed[iam]
	switch {
	case p.has(org) && p.has(cloud):
		p.fail(cloud, "both it and %s%s are set: keep one", prefix, org)
	case p.has(org):
		p.setting("org_id", p.word(org, ""))
		p.taken(org, "the organisation, in Yandex 360")
	case p.has(cloud):
		p.setting("cloud_org_id", p.word(cloud, ""))
		p.taken(cloud, "the organisation, in Yandex Cloud")
	default:
		p.fail(org, "is missing, and so is %s%s", prefix, cloud)
	}
	p.failed[org] = p.failed[org] || p.failed[cloud]
}

// searched takes the query or the queues.
func (p *planner) searched() {
	const query, queues = "TRACKER__SEARCH__QUERY", "TRACKER__SEARCH__QUEUES"
	switch {
	case p.has(query):
		text := p.text(query, "")
		p.setting("query", text)
		note := ""
		if strings.Contains(strings.ToLower(text), "updated") {
			note = "; its condition on Updated goes on narrowing what is read: take it out unless you mean that"
		}
		p.taken(query, "the connection's own query, without its order%s", note)
		p.notNeeded("the query wins over it", queues)
	case p.has(queues):
		list := p.texts(queues, "")
		for i, q := range list {
			list[i] = strings.ToUpper(strings.ReplaceAll(q, " ", ""))
		}
		p.setting("queues", list)
		p.taken(queues, "queues %s", strings.Join(list, ", "))
	default:
		p.taken(queues, "all queues that the token can see%s", p.suffix(queues))
	}
}

func (p *planner) language() {
	const name = "TRACKER__LANGUAGE"
	language := strings.ToLower(p.word(name, "en"))
	p.setting("language", language)
	p.taken(name, "names of statuses and types in %s%s", language, p.suffix(name))
}

func (p *planner) changelog() {
	const name = "CHANGELOG_EXPORT_ENABLED"
	all := p.bool(name, false)
	p.setting("changelog", all)
	if all {
		p.taken(name, "every change is kept")
		return
	}
	p.taken(name, "status changes and moves are kept, other changes are not%s; here all of them cost at most one request for each changed issue, and space", p.suffix(name))
}

func (p *planner) initialRange() {
	const name = "STATEFUL_INITIAL_RANGE"
	if !p.has(name) {
		return // our own default; position says what becomes of it
	}
	days, ok := rangeDays(p.text(name, ""))
	if !ok {
		p.fail(name, "not a range like 1w, 90d or 12h")
		return
	}
	p.plan.Imported.Managed = append(p.plan.Imported.Managed, "initial_range")
	p.setting("initial_range", days)
	p.taken(name, "without a position, the first sync reads what was updated in the last %s; a longer range, set with the connection, gives more history", days)
}

// tryTracker has the kind check what was made of the variables, the store's too.
func (p *planner) tryTracker() {
	p.tryKind(map[string]string{
		"token": "TRACKER__TOKEN", "iam_token": "TRACKER__IAM_TOKEN", "org_id": "TRACKER__ORG_ID", "cloud_org_id": "TRACKER__CLOUD_ORG_ID",
		"queues": "TRACKER__SEARCH__QUEUES", "query": "TRACKER__SEARCH__QUERY", "language": "TRACKER__LANGUAGE", "initial_range": "STATEFUL_INITIAL_RANGE",
		"drop_in_database": "CLICKHOUSE__DATABASE", "drop_in_issues_table": "CLICKHOUSE__ISSUES_TABLE",
		"drop_in_metrics_table": "CLICKHOUSE__ISSUE_METRICS_TABLE", "drop_in_changelog_table": "CLICKHOUSE__ISSUES_CHANGELOG_TABLE",
	})
}

// tryKind has the kind check what was made of the variables, by the setting that each
// became.
func (p *planner) tryKind(variableOf map[string]string) {
	c := p.plan.Imported.Connection
	_, err := p.o.Kind.New(source.Config{Connection: c.Name, Settings: c.Settings, Secrets: p.plan.Imported.Secrets, Now: time.Now}, &http.Client{})
	for _, e := range flatten(errors.Join(c.Validate(), err)) {
		var setting *source.SettingError
		var field *control.FieldError
		switch {
		case errors.As(e, &setting) && variableOf[setting.Field] != "":
			if p.failed[variableOf[setting.Field]] {
				continue // said better already
			}
			p.fail(variableOf[setting.Field], "%s", setting.Message)
		case errors.As(e, &field) && field.Field == "name":
			p.wrong("--name: " + field.Message)
		default:
			p.wrong(e.Error())
		}
	}
}

// flatten takes joined errors apart.
func flatten(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var out []error
	for _, e := range joined.Unwrap() {
		out = append(out, flatten(e)...)
	}
	return slices.DeleteFunc(out, func(e error) bool { return e == nil })
}
