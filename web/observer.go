package web

import "time"

// Observer is told what was answered, to be measured. It must not block.
type Observer interface {
	// Answered is told of every request. The route is a pattern.
	Answered(route, method string, status int, took time.Duration)
	// PanelLoaded is told of every panel that the store was asked for.
	PanelLoaded(slug string, took time.Duration, err error)
}

// unobserved takes no notice.
type unobserved struct{}

func (unobserved) Answered(string, string, int, time.Duration) {}
func (unobserved) PanelLoaded(string, time.Duration, error)    {}
