package web

import (
	"context"
	"net/url"
	"strconv"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/internal/inbox"
	"throughline/views"
)

func connectionSyncs(name string) string {
	return "/syncs?" + url.Values{"connection": {name}}.Encode()
}

func syncPath(id int64) string { return "/syncs/" + strconv.FormatInt(id, 10) }

// inboxOf is what came for a connection, in a state unless that is "".
func inboxOf(connection string, state inbox.State) string {
	q := url.Values{"connection": {connection}}
	if state != "" {
		q.Set("state", string(state))
	}
	return "/inbox?" + q.Encode()
}

// qualityRow is a record as pages show it: what it is called, what is wrong with it, and
// where whoever looks may go from it.
func qualityRow(ctx context.Context, now delivery.Instant, i *qualityItem) views.QualityRow {
	p := i18n.From(ctx)
	row := views.QualityRow{Name: i.ID, Title: string(i.Title), Href: i.path, Source: string(i.URL), At: i.At.Time()}
	if i.name != "" {
		row.Name = i.name
	}
	lead := isLead(ctx)
	since := func(from, to delivery.Instant) string { return p.Days(float64(to-from)/1000, 24) }
	args := []any{"n", i.N}
	switch i.Type {
	case "connection":
		args = append(args, "wait", since(i.At, now), "usual", p.Days(float64(i.usual)/1000, 24))
		row.Detail, row.Pause = string(i.Message), i.pause
		if i.said != nil {
			row.Detail = i.said(ctx)
		}
		if i.leads && lead {
			row.Detail = i.detail
		} else if i.leads {
			row.Href = ""
		}
	case "status":
		args = append(args, "type", typeName(ctx, i.typed))
		row.Where, row.Title = string(i.Queue), ""
		if i.name != i.ID {
			row.Title = i.ID
		}
		if lead {
			row.Href = "/settings/workflow?" + url.Values{"queue": {string(i.Queue)}}.Encode()
		}
	case "issue":
		row.Where, row.Href = string(i.Queue), "/issues/"+url.PathEscape(i.ID)
		args = append(args, "wait", since(i.since, i.At))
	case "change":
		row.Where = string(i.Service)
		args = append(args, "wait", since(i.At, now))
	case "incident":
		row.Where = string(i.Service)
		if i.name == "" {
			row.Name, row.Title = string(i.Title), ""
		}
	case "run", "deployment":
		row.Where = string(i.Service)
	default:
		args = append(args, "service", string(i.Service))
		if i.Type == "queue" && isAdmin(ctx) {
			row.Href = "/settings/teams/new?" + url.Values{"queue": {i.ID}}.Encode()
		}
		row.Where = i18n.T(ctx, "quality.owner."+i.Type)
	}
	row.Text = p.T(reasonID(i), args...)
	return row
}

// reasonID is the message of what is wrong with a record.
func reasonID(i *qualityItem) string {
	switch {
	case i.Reason == "no_team" && i.Service != "" && string(i.Service) != i.ID:
		return "quality.reason.no_team.declared"
	case i.Reason == "no_team":
		return "quality.reason.no_team." + i.Type
	case i.leads:
		return "quality.reason.hook." + i.Reason
	case i.Reason == delivery.FeedStale && !i.At.Known():
		return "quality.reason.never"
	}
	return "quality.reason." + i.Reason
}

// typeName is what a type of statuses is called.
func typeName(ctx context.Context, typ string) string {
	if id := "quality.type." + typ; i18n.From(ctx).Has(id) {
		return i18n.T(ctx, id)
	}
	return typ
}
