package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/inbox"
	"throughline/internal/secret"
	"throughline/internal/simulator"
	"throughline/internal/source"
	"throughline/internal/source/ci"
)

const jiraKind = "jira"

// furnishServices declares what the company deploys; a repository that is none of
// these is a service of its own.
func (a *app) furnishServices(ctx context.Context) error {
	for _, s := range []struct{ name, repository, project string }{
		{"mobile-app", "mobile-app", "APP"}, {"payments", "payments", "PAY"}, {"shop", "web-shop", "WEB"}, {"receipts", "receipts", ""},
	} {
		service := delivery.Service{
			Name: s.name, Repository: simulator.Organization + "/" + s.repository, SentryProjects: delivery.Patterns{s.repository},
		}
		if s.project != "" {
			service.JiraProjects, service.Queues = delivery.Patterns{s.project}, delivery.Patterns{s.project}
		}
		if _, err := a.db.SaveService(ctx, control.Service{Service: service}); err != nil {
			return err
		}
	}
	return nil
}

// receiveIncidents puts what people told of broken deployments into the inbox: as
// hooks of Jira, or pushed when this build has no connections to Jira.
func (a *app) receiveIncidents(ctx context.Context, github *simulator.GitHub) error {
	all := kindsFor(a.cfg)
	i := slices.IndexFunc(all, func(k source.Kind) bool { return k.Name == jiraKind && k.Receives() })
	if i < 0 {
		return a.pushIncidents(ctx, github.Incidents())
	}
	receiver, err := a.connectJira(ctx, all[i])
	if err != nil {
		return err
	}
	var hooks []sentHook
	for _, hook := range github.JiraHooks() {
		header := http.Header{"Content-Type": {"application/json"}}
		header.Set(source.HookPath, "/api/jira"+hook.Path)
		hooks = append(hooks, sentHook{hook.At, header, hook.Body})
	}
	return a.receiveHooks(ctx, receiver, jiraKind, hooks)
}

// sentHook is a hook that one of the company's systems has sent.
type sentHook struct {
	at     time.Time
	header http.Header
	body   []byte
}

// receiveHooks puts hooks into the inbox of the connection that is called as its kind,
// as the web server does.
func (a *app) receiveHooks(ctx context.Context, receiver source.Receiver, connection string, hooks []sentHook) error {
	var entries []inbox.Entry
	for _, hook := range hooks {
		h, err := receiver.Hook(hook.header, hook.body)
		if err != nil {
			return err
		}
		h.ReceivedAt = delivery.InstantOf(hook.at)
		if h.Ignored {
			continue
		}
		if pushed, err := receiver.Receive(h); err != nil || len(pushed.Items) == 0 {
			if err != nil {
				return err
			}
			continue
		}
		entries = append(entries, inbox.Entry{
			Connection: connection, Kind: connection + "." + h.Event, Key: h.Key, ReceivedAt: hook.at.Truncate(time.Millisecond), Body: h.Body, Bytes: len(hook.body),
		})
	}
	_, err := a.inbox.PutAll(ctx, entries)
	return err
}

// connectJira makes the connection that the company's Jira sends its hooks to.
func (a *app) connectJira(ctx context.Context, kind source.Kind) (source.Receiver, error) {
	secrets := map[string]string{source.WebhookSecret: secret.NewToken()}
	c := control.Connection{Name: jiraKind, Kind: jiraKind, Every: demoEvery, Settings: source.Settings{}}
	if _, err := a.db.SaveConnection(ctx, c, secrets); err != nil {
		return nil, err
	}
	return openReceiver(kind, c, secrets)
}

// openReceiver opens a connection that hooks come to.
func openReceiver(kind source.Kind, c control.Connection, secrets map[string]string) (source.Receiver, error) {
	opened, err := kind.New(source.Config{Connection: c.Name, Settings: c.Settings, Secrets: secrets, Now: time.Now}, http.DefaultClient)
	if err != nil {
		return nil, err
	}
	receiver, ok := opened.(source.Receiver)
	if !ok {
		return nil, errors.New("connections of the kind " + kind.Name + " receive no hooks")
	}
	return receiver, nil
}

// pushIncidents puts incidents into the inbox as POST /api/v1/incidents does.
func (a *app) pushIncidents(ctx context.Context, list []simulator.Incident) error {
	const kind = "incidents"
	var entries []inbox.Entry
	for i := range list {
		body, at, err := pushedIncident(&list[i])
		if err != nil {
			return err
		}
		pushed, err := ci.Pushes()[kind](body)
		if err == nil {
			err = pushed.Items[0].Err
		}
		if err != nil {
			return err
		}
		entries = append(entries, inbox.Entry{
			Connection: ci.Kind().Name, Kind: kind, Token: demoPushing, ReceivedAt: at.Truncate(time.Millisecond), Body: body, Bytes: len(body),
		})
	}
	_, err := a.inbox.PutAll(ctx, entries)
	return err
}

// pushedIncident is an incident as it is pushed when it is resolved, or while it is
// open.
func pushedIncident(i *simulator.Incident) (body []byte, at time.Time, err error) {
	said := map[string]any{
		"id": i.Key, "project": i.Project, "title": i.Title, "severity": i.Severity, "started_at": i.StartedAt, "updated_at": i.StartedAt,
	}
	at = i.StartedAt
	if !i.ResolvedAt.IsZero() {
		at = i.ResolvedAt
		said["resolved_at"], said["updated_at"] = at, at
	}
	if i.SHA != "" {
		said["sha"] = i.SHA
	}
	if body, err = json.Marshal(said); err != nil {
		return nil, at, fmt.Errorf("incident %s: %w", i.Key, err)
	}
	return body, at, nil
}
