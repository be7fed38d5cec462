package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// TestScreenshots takes a picture of every page of the demo. With SCREENSHOTS it
// does so in every look and writes them there.
func TestScreenshots(t *testing.T) {
	folder := os.Getenv("SCREENSHOTS")
	looks := []look{{"ru", "dark", 390, 844}}
	if folder == "" {
		folder = t.TempDir()
	} else {
		looks = allLooks()
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	s := demoToLookAt(t)
	for _, l := range looks {
		everyPage(t, s, l, func(b *tab, p page) {
			name := fmt.Sprintf("%s-%s.png", p.name, l)
			if err := os.WriteFile(filepath.Join(folder, name), b.picture(l.width), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func allLooks() []look {
	var all []look
	for _, lang := range []string{"en", "ru"} {
		for _, theme := range []string{"light", "dark"} {
			all = append(all, look{lang, theme, 1440, 900}, look{lang, theme, 390, 844})
		}
	}
	return append(all, look{"en", "light", 2560, 1440})
}
