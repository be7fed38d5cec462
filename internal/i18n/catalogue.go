package i18n

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sync"
)

//go:embed messages
var files embed.FS

// Default is the language of whoever asks for none that is spoken here.
const Default = "en"

// Langs are the languages of the catalogue.
func Langs() []string { return []string{"en", "ru"} }

// message is a text, or one per plural category.
type message struct {
	text  string
	forms map[string]string
}

// UnmarshalJSON reads a text or an object of plural forms.
func (m *message) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, &m.text) == nil {
		return nil
	}
	return json.Unmarshal(b, &m.forms)
}

// catalogues holds the messages of every language, read once.
var catalogues = sync.OnceValue(func() map[string]map[string]message {
	out := map[string]map[string]message{}
	for _, lang := range Langs() {
		messages, err := load(files, lang)
		if err != nil {
			panic(err) // embedded files, covered by tests
		}
		out[lang] = messages
	}
	return out
})

// load merges the files of a language. An id in two files is an error.
func load(fsys fs.FS, lang string) (map[string]message, error) {
	names, err := fs.Glob(fsys, path.Join("messages", lang, "*.json"))
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	out := map[string]message{}
	var errs []error
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		var messages map[string]message
		if err := json.Unmarshal(data, &messages); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for id, m := range messages {
			if _, ok := out[id]; ok {
				errs = append(errs, fmt.Errorf("%s: %q is in another file too", name, id))
			}
			out[id] = m
		}
	}
	return out, errors.Join(errs...)
}
