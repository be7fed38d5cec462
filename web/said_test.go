package web

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"throughline/internal/i18n"
	"throughline/internal/source"
)

func TestSaid(t *testing.T) {
	ctx := i18n.With(t.Context(), i18n.For("ru"))
	for name, c := range map[string]struct {
		message source.Message
		want    string
	}{
		"known":     {source.Message{Text: "x", Phrase: source.Phrase{ID: "field.time", Args: []string{"field", "createdAt"}}}, "Поле createdAt — не время вида 2026-01-31T12:00:00.000+0000"},
		"in steps":  {source.Message{Text: "x", Phrase: source.Phrase{ID: "changelog>field.missing", Args: []string{"field", "to"}}}, "Не удалось прочитать историю изменений. Нет поля to"},
		"not known": {source.Message{Text: "English", Phrase: source.Phrase{ID: "field.unheard"}}, "English"},
		"no phrase": {source.Message{Text: "English"}, "English"},
	} {
		if got := said(ctx, c.message); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// phraseIDs are the forms in which sources and the worker name their phrases.
var phraseIDs = []struct {
	pattern *regexp.Regexp
	below   string
}{
	{regexp.MustCompile(`Phrase\{ID: "([\w.]+)"[,}]`), ""},
	{regexp.MustCompile(`refusedSearch\("([\w.]+)"`), ""},
	{regexp.MustCompile(`ownError\{id: "(\w+)"`), ""},
	{regexp.MustCompile(`wrong\("(\w+)"`), "field."},
	{regexp.MustCompile(`f\.refuse\("(\w+)"`), "setting."},
	{regexp.MustCompile(`refuse\((?:field|secret)\w+, "(\w+)"`), "setting.{kind}."},
	{regexp.MustCompile(`bad\.id, [^=]*= "(\w+)"|answerError\{[^}]*id: "(\w+)"`), "answer."},
	{regexp.MustCompile(`AuthError\{\s*Code:\s*"(\w+)"`), "auth."},
}

// Whatever a source or the worker can say is in the catalogue.
func TestPhrasesAreInTheCatalogue(t *testing.T) {
	found := 0
	for _, dir := range []string{"source", "worker"} {
		err := filepath.WalkDir(filepath.Join("..", "internal", dir), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "sourcetest") {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, p := range phraseIDs {
				for _, m := range p.pattern.FindAllStringSubmatch(string(text), -1) {
					found++
					kind := filepath.Base(filepath.Dir(path)) // of the source
					id := "said." + strings.Replace(p.below, "{kind}", kind, 1) + strings.Join(m[1:], "")
					if !i18n.For("ru").Has(id) {
						t.Errorf("%s: %s is not in the catalogue", path, id)
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found < 45 {
		t.Errorf("only %d phrases were found: do the patterns still fit?", found)
	}
}

func TestFilterMistakesInRussian(t *testing.T) {
	s := signedIn(t, func(c *Config) { c.LangDefault = "ru" })
	doc := s.get("/flow?from=2026-03-02&to=2026-03-01&bucket=year").doc
	want(t, doc, ".banner.bad", "Первый день не может быть позже последнего")
	want(t, doc, ".banner.bad", "Выберите день, неделю, месяц или «авто»")
}
