package sentry

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"throughline/internal/delivery"
)

const (
	maxDeployed    = 50 // releases whose deploys one pull asks for
	maxDeployPages = 10
)

// deploys asks for those of the releases that wait for it.
func (p *pull) deploys(ctx context.Context) error {
	todo := slices.Clone(p.cursor.Deploys[:min(len(p.cursor.Deploys), maxDeployed)])
	var batch delivery.Batch
	var failed error
	for _, w := range todo {
		list, err := p.deploysOf(ctx, w.Version)
		if failed = p.alone(ctx, "deploys", "release "+w.Version, err); failed != nil {
			break
		}
		if lacks(err) || ofServer(err) {
			break // of the others it would not be told either
		}
		if err != nil && !refused(err) {
			continue // its turn comes again
		}
		p.cursor.Deploys = slices.DeleteFunc(p.cursor.Deploys, func(other waiting) bool { return other.Version == w.Version })
		for _, slug := range w.Projects {
			if len(list) > 0 && p.chosen(slug) {
				batch.Releases = append(batch.Releases, delivery.Release{
					Project: slug, Version: w.Version, Deploys: list, ToldAt: delivery.InstantOf(p.now()),
				})
			}
		}
	}
	if len(todo) == 0 || ctx.Err() != nil {
		return failed
	}
	return cmp.Or(p.emit(batch), failed)
}

// deploysOf asks for the deploys of a release; none when it is gone.
func (p *pull) deploysOf(ctx context.Context, version string) ([]delivery.ReleaseDeploy, error) {
	r := request{
		to: toDeploys, path: p.org("releases/" + pathPart(version) + "/deploys/"), query: url.Values{"per_page": {strconv.Itoa(perPage)}},
	}
	var out []delivery.ReleaseDeploy
	_, err := pages(asking(ctx, p.get), r, maxDeployPages, func(list []json.RawMessage, _ string) (bool, error) {
		for _, raw := range list {
			var wrong faults
			d := readDeploy(openObject(raw, "$", &wrong))
			if len(wrong) > 0 {
				p.problem(wrong.problems("release " + version)...)
				continue
			}
			out = append(out, d)
		}
		return true, nil
	})
	if isStatus(err, http.StatusNotFound) {
		return nil, nil
	}
	return out, err
}

// pathPart is a text as a part of a path; servers before Sentry stumble over an @.
func pathPart(text string) string { return strings.ReplaceAll(url.PathEscape(text), "@", "%40") }
