package main

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"throughline/internal/control"
	"throughline/internal/secret"
	"throughline/internal/simulator"
	"throughline/internal/source"
)

// receiveErrors connects the company's Sentry, and puts the hooks that it has sent into
// the inbox: by them it is known when groups were resolved before the first sync.
func (a *app) receiveErrors(ctx context.Context, at companyAt) error {
	kinds := kindsFor(a.cfg)
	i := slices.IndexFunc(kinds, func(k source.Kind) bool { return k.Name == sentryKind })
	if i < 0 {
		return nil
	}
	text := func(s string) json.RawMessage { return json.RawMessage(strconv.Quote(s)) }
	c := control.Connection{Name: sentryKind, Kind: sentryKind, Every: kinds[i].Every, Settings: source.Settings{
		"base_url": text(at.sentry + "/api/0"), "organization": text(simulator.Organization), "rate_limit_metrics": json.RawMessage("true"),
	}}
	secrets := map[string]string{"token": "demo", source.WebhookSecret: secret.NewToken()}
	if _, err := a.db.SaveConnection(ctx, c, secrets); err != nil {
		return err
	}
	receiver, err := openReceiver(kinds[i], c, secrets)
	if err != nil {
		return err
	}
	var hooks []sentHook
	for _, h := range at.errors.Hooks(time.Now().AddDate(0, 0, -demoRunDays), time.Now(), secrets[source.WebhookSecret]) {
		hooks = append(hooks, sentHook{h.At, h.Header, h.Body})
	}
	return a.receiveHooks(ctx, receiver, sentryKind, hooks)
}
