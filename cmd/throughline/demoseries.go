package main

import (
	"context"
	"fmt"
	"time"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/inbox"
	"throughline/internal/simulator"
	"throughline/internal/source/series"
)

// demoPointDays is for how long the company has sent points.
const demoPointDays = 9

// receivePoints puts what the company's services sent into the inbox, as /api/put does.
func (a *app) receivePoints(ctx context.Context, bodies []simulator.Push) error {
	reader := series.Reader()
	entries := make([]inbox.Entry, 0, len(bodies))
	for _, b := range bodies {
		body, err := reader.Read(b.Body, nil)
		if err == nil && len(body.Wrong) > 0 {
			err = fmt.Errorf("point %d: %s", body.Wrong[0].Index, body.Wrong[0].Message)
		}
		if err != nil {
			return err
		}
		at := b.At.Truncate(time.Millisecond)
		body.Points.Token, body.Points.ReceivedAt = demoPushing, delivery.InstantOf(at)
		entries = append(entries, inbox.Entry{
			Connection: series.Kind().Name, Kind: reader.Kind, Token: demoPushing, ReceivedAt: at, Body: reader.Encode(&body.Points),
		})
	}
	_, err := a.inbox.PutAll(ctx, entries)
	return err
}

// demoPanels are charts that somebody of the company kept.
func demoPanels(lang string) []control.SeriesPanel {
	latency, queue := "Slowest requests, by service", "Mail that waits"
	if lang == "ru" {
		latency, queue = "Самые медленные запросы по сервисам", "Письма в очереди"
	}
	return []control.SeriesPanel{
		{Name: latency, Queries: []string{"fetch('http.latency.ms').downsample('1h', 'p95').max_by('service')"}, Range: "7d"},
		{Name: queue, Queries: []string{"fetch('mail.queue.size').downsample('1h', 'avg')"}, Range: "7d"},
	}
}

func (a *app) furnishSeries(ctx context.Context, at companyAt, lang string) error {
	for _, p := range demoPanels(lang) {
		if err := a.db.SaveSeriesPanel(ctx, p); err != nil {
			return err
		}
	}
	return a.receivePoints(ctx, at.points)
}
