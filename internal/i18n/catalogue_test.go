package i18n

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestLanguagesHaveTheSameMessages(t *testing.T) {
	en, ru := catalogues()["en"], catalogues()["ru"]
	for id := range en {
		if _, ok := ru[id]; !ok {
			t.Errorf("%s is missing in Russian", id)
		}
	}
	for id := range ru {
		if _, ok := en[id]; !ok {
			t.Errorf("%s is missing in English", id)
		}
	}
}

func TestPluralFormsAreComplete(t *testing.T) {
	forms := map[string][]string{"en": {"one", "other"}, "ru": {"few", "many", "one", "other"}}
	for lang, messages := range catalogues() {
		for id, m := range messages {
			if m.forms == nil {
				if strings.TrimSpace(m.text) == "" {
					t.Errorf("%s %s is empty", lang, id)
				}
				continue
			}
			if got := slices.Sorted(maps.Keys(m.forms)); !slices.Equal(got, forms[lang]) {
				t.Errorf("%s %s has the forms %v, want %v", lang, id, got, forms[lang])
			}
		}
	}
}

var placeholder = regexp.MustCompile(`\{[a-z_0-9]+\}`)

func placeholders(m message) []string {
	found := map[string]bool{}
	for _, text := range append(slices.Collect(maps.Values(m.forms)), m.text) {
		for _, p := range placeholder.FindAllString(text, -1) {
			found[p] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func TestLanguagesHaveTheSamePlaceholders(t *testing.T) {
	for id, m := range catalogues()["en"] {
		en, ru := placeholders(m), placeholders(catalogues()["ru"][id])
		if !slices.Equal(en, ru) {
			t.Errorf("%s has %v in English and %v in Russian", id, en, ru)
		}
	}
}

func TestTextsAreCalm(t *testing.T) {
	for lang, messages := range catalogues() {
		for id, m := range messages {
			for _, text := range append(slices.Collect(maps.Values(m.forms)), m.text) {
				if strings.HasSuffix(text, "!") || strings.Contains(text, "! ") {
					t.Errorf("%s %s has an exclamation mark: %q", lang, id, text)
				}
			}
		}
	}
}

var (
	tornUnit = regexp.MustCompile(`[\d}] (%|(h|min|d|ч|мин|дн)([^\pL]|$))`)
	tornDash = regexp.MustCompile(`[^}] – |\} – [^{]`)
)

// TestNumbersKeepTheirUnits: no line ends between a number and its unit, and Russian has
// one dash.
func TestNumbersKeepTheirUnits(t *testing.T) {
	for lang, messages := range catalogues() {
		for id, m := range messages {
			for _, text := range append(slices.Collect(maps.Values(m.forms)), m.text) {
				if tornUnit.MatchString(text) {
					t.Errorf("%s %s lets a number and its unit stand apart: %q", lang, id, text)
				}
				if lang == "ru" && tornDash.MatchString(text) {
					t.Errorf("%s %s has the dash of ranges in a sentence: %q", lang, id, text)
				}
			}
		}
	}
}

func TestLoadRefusesDuplicates(t *testing.T) {
	_, err := load(fstest.MapFS{
		"messages/en/a.json": {Data: []byte(`{"x": "1"}`)},
		"messages/en/b.json": {Data: []byte(`{"x": "2"}`)},
	}, "en")
	if err == nil || !strings.Contains(err.Error(), `"x"`) {
		t.Errorf("err = %v, want one that names x", err)
	}
}

// documents is what writes a document from messages.
const documents = "../../web/reference_test.go"

// sources are the texts of every file that may name messages.
func sources(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, pattern := range []string{"../../views/*.templ", "../../views/*.go", "../../web/*.go", "*.go", "../../internal/delivery/*.go", documents} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") && name != documents || strings.HasSuffix(name, "_templ.go") {
				continue
			}
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			out[name] = string(data)
		}
	}
	if len(out) < 20 {
		t.Fatalf("only %d source files found", len(out))
	}
	return out
}

var (
	// A call with a literal id, or one that begins with a literal.
	call = regexp.MustCompile(`(?:\b[tT]\(ctx, |\.T\(|\bT\([a-zA-Z.()]+Context\(\), |flash\(r, |count\()"([^"]+)"(\s*\+)?`)
	text = regexp.MustCompile(`"([A-Za-z][A-Za-z0-9_.-]*)"(\s*\+)?`)
)

func TestNamedMessagesExist(t *testing.T) {
	en := catalogues()["en"]
	for name, source := range sources(t) {
		for _, m := range call.FindAllStringSubmatch(source, -1) {
			id, begins := m[1], m[2] != ""
			_, ok := en[id]
			if begins {
				ok = anyWithPrefix(en, id)
			}
			if !ok {
				t.Errorf("%s names the message %q, which does not exist", name, id)
			}
		}
	}
}

func anyWithPrefix(messages map[string]message, prefix string) bool {
	for id := range messages {
		if strings.HasPrefix(id, prefix) {
			return true
		}
	}
	return false
}

func TestEveryMessageIsUsed(t *testing.T) {
	used, prefixes := map[string]bool{}, map[string]bool{}
	for _, source := range sources(t) {
		for _, m := range text.FindAllStringSubmatch(source, -1) {
			used[m[1]] = true
			if strings.HasSuffix(m[1], ".") {
				prefixes[m[1]] = true
			}
		}
		// fmt.Sprintf("panel.failed.%s", …)
		for _, m := range regexp.MustCompile(`"([a-z.]+\.)%s`).FindAllStringSubmatch(source, -1) {
			prefixes[m[1]] = true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(catalogues()["en"])) {
		if used[id] {
			continue
		}
		begins := false
		for prefix := range prefixes {
			begins = begins || strings.HasPrefix(id, prefix)
		}
		if !begins {
			t.Errorf("nothing uses the message %q", id)
		}
	}
}
