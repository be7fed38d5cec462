package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/internal/safehttp"
	"throughline/internal/secret"
	"throughline/internal/source"
)

const (
	checkTimeout  = 20 * time.Second // for one connection
	checkParallel = 8
)

// verdict is what is said of one connection.
type verdict struct {
	good bool
	text string
}

// connections tries all of them, several at a time.
func (c *checking) connections(ctx context.Context, db *control.DB, all []control.Connection) error {
	if len(all) == 0 {
		c.open("connections: there are none yet; add one under Settings → Connections, or in the provisioning file")
		return nil
	}
	client := safehttp.Client(c.cfg.AllowedNetworks, sourceTimeout)
	defer client.CloseIdleConnections()
	verdicts := make([]verdict, len(all))
	var g errgroup.Group
	g.SetLimit(checkParallel)
	for i, connection := range all {
		g.Go(func() error {
			settings, secrets, err := db.Config(ctx, connection)
			var report source.Report
			if err == nil {
				cfg := source.Config{Connection: connection.Name, Settings: settings, Secrets: secrets, Known: nothingKnown{}, Now: time.Now}
				report, err = try(ctx, kindsFor(c.cfg), connection.Kind, cfg, client)
			}
			verdicts[i] = judge(connection, report, err)
			if verdicts[i].good {
				if err := checkDropIn(ctx, c.cfg, connection.Kind, settings); err != nil {
					verdicts[i] = verdict{text: err.Error()}
				}
			}
			for _, s := range secrets {
				if s != "" { // should a server repeat what it was sent
					verdicts[i].text = strings.ReplaceAll(verdicts[i].text, s, "***")
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for i, v := range verdicts {
		tell := c.bad
		if v.good {
			tell = c.good
		}
		tell("connection %s: %s", all[i].Name, strings.Join(strings.Fields(v.text), " "))
	}
	return ctx.Err()
}

// try asks a connection of this kind what it sees.
func try(ctx context.Context, all []source.Kind, kind string, cfg source.Config, client *http.Client) (source.Report, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	i := slices.IndexFunc(all, func(k source.Kind) bool { return k.Name == kind })
	if i < 0 {
		return source.Report{}, fmt.Errorf("this version has no kind of source called %q", kind)
	}
	src, err := all[i].New(cfg, client)
	if err != nil {
		return source.Report{}, err
	}
	return src.Check(ctx)
}

// judge puts into words what became of a connection, and what to do.
func judge(c control.Connection, report source.Report, err error) verdict {
	p := i18n.For("en")
	place := "under Settings → Connections → " + c.Name
	if c.Provisioned {
		place = "in the provisioning file"
	}
	auth, isAuth := errors.AsType[*source.AuthError](err)
	switch {
	case errors.Is(err, secret.ErrSealed):
		return verdict{text: p.T("pause.key")}
	case isAuth && p.Has("test.auth."+auth.Code):
		return verdict{text: p.T("test.auth."+auth.Code) + " Its settings are " + place + "."}
	case errors.Is(err, context.DeadlineExceeded):
		return verdict{text: fmt.Sprintf("no answer within %s; see that this machine reaches the address that is set %s", checkTimeout, place)}
	case err != nil:
		return verdict{text: advised(err, place)}
	case c.Pushed():
		return verdict{good: true, text: "takes what is pushed with a token"}
	case report.HooksOnly:
		return verdict{good: true, text: p.T("test.hooks")}
	case len(report.Scope) == 0:
		return verdict{text: p.T("test.nothing." + c.Kind)}
	}
	seen := fmt.Sprintf("reached as %s, %s", cmp.Or(report.Account, "nobody by name"), p.T("test.scope."+c.Kind, "n", len(report.Scope)))
	if report.Organization != "" {
		seen += " in " + report.Organization
	}
	if len(report.Missing) > 0 {
		var missing []string
		for _, m := range report.Missing {
			missing = append(missing, m.Text)
		}
		return verdict{text: fmt.Sprintf("%s, but: %s. Give its owner access, or correct the settings %s", seen, strings.Join(missing, "; "), place)}
	}
	if c.Paused != nil {
		return verdict{text: fmt.Sprintf("%s, but it is paused since %s: %s. Resume it %s", seen, c.Paused.At.Local().Format(time.DateTime), c.Paused.Message,
			"under Settings → Connections → "+c.Name)}
	}
	return verdict{good: true, text: seen}
}

// advised is an error with what to do about it.
func advised(err error, place string) string {
	text := strings.TrimRight(err.Error(), ". ")
	_, blocked := errors.AsType[*safehttp.BlockedError](err)
	_, setting := errors.AsType[*source.SettingError](err)
	switch {
	case blocked:
		return text // says it itself
	case setting:
		return text + "; correct it " + place
	}
	return text + "; see that this machine reaches the address, and that it is set right " + place
}

// nothingKnown stands in for the fact store, which a test of a connection has no
// need of.
type nothingKnown struct{}

var _ source.Known = nothingKnown{}

func (nothingKnown) IssueStates(context.Context, string, []string) (map[string]delivery.IssueState, error) {
	return map[string]delivery.IssueState{}, nil
}

func (nothingKnown) IssueIDs(context.Context, string) iter.Seq2[delivery.IssueState, error] {
	return func(func(delivery.IssueState, error) bool) {}
}

func (nothingKnown) DeploymentsOf(context.Context, string, string) ([]delivery.Deployment, error) {
	return nil, nil
}

func (nothingKnown) DeployedRepositories(context.Context, string) ([]string, error) { return nil, nil }

func (nothingKnown) ChangeStates(context.Context, string, string) (map[string]delivery.Instant, error) {
	return map[string]delivery.Instant{}, nil
}

func (nothingKnown) ErrorGroups(context.Context, delivery.ErrorQuery) iter.Seq2[delivery.ListedErrorGroup, error] {
	return func(func(delivery.ListedErrorGroup, error) bool) {}
}

func (nothingKnown) ErrorProjects(context.Context) ([]delivery.ErrorProject, error) { return nil, nil }
