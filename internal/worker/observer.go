package worker

import (
	"time"

	"throughline/internal/control"
	"throughline/internal/delivery"
)

// Observer is told what syncs do, to be measured. It is called from several
// goroutines and must not block.
type Observer interface {
	PageWritten(p PageReport)
	SyncEnded(s SyncReport)
}

// PageReport is what the store made of a page.
type PageReport struct {
	Connection, Kind string
	Batch            delivery.Batch // not to be changed
	Problems         int
	Written          delivery.Written
	Took             time.Duration // in the store
	Err              error         // the page is offered again, or the sync fails
}

// SyncReport is how a sync ended.
type SyncReport struct {
	Connection, Kind string
	State            control.SyncState
	EndedAt          time.Time
	Took             time.Duration
	Waited           time.Duration // of it, for pages of the source
}

// Observe makes the worker tell o. It has to be called before any other method.
func (w *Worker) Observe(o Observer) { w.told = o }

// unobserved takes no notice.
type unobserved struct{}

func (unobserved) PageWritten(PageReport) {}
func (unobserved) SyncEnded(SyncReport)   {}
