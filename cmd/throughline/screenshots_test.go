package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestScreenshots takes a picture of every page of the demo, in both languages,
// light and dark, wide and on a phone. With SCREENSHOTS it writes them there;
// always it checks that no page is wider than its window.
func TestScreenshots(t *testing.T) {
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		folder = t.TempDir()
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	s := launch(t, nil, "demo")
	s.logged(`msg="sync ended"`)
	for _, look := range []struct {
		lang, theme   string
		width, height int
	}{
		{"en", "light", 1440, 900},
		{"en", "dark", 1440, 900},
		{"ru", "light", 390, 844},
		{"ru", "dark", 390, 844},
		{"ru", "light", 1440, 900},
	} {
		b := openTab(t, s.url, look.width, look.height)
		b.prefer("lang", look.lang)
		b.prefer("theme", look.theme)
		for _, page := range pages {
			b.do("size", chromedp.EmulateViewport(int64(look.width), int64(look.height)))
			b.open(page.path)
			b.until("panels are there", `!document.querySelector("[aria-busy=true]")`)
			if wide := eval[float64](b, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
				t.Errorf("%s at %d px is %g px wider than its window", page.path, look.width, wide)
			}
			name := fmt.Sprintf("%s-%s-%s-%d.png", page.name, look.lang, look.theme, look.width)
			if err := os.WriteFile(filepath.Join(folder, name), b.picture(look.width), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// prefer chooses a language or theme as a user does.
func (b *tab) prefer(name, value string) {
	b.t.Helper()
	b.open("/")
	b.click(".menu.account summary")
	b.follow(fmt.Sprintf("button[name=%s][value=%s]", name, value))
}
