package web

import (
	"context"
	"errors"

	"throughline/internal/control"
	"throughline/internal/i18n"
	"throughline/internal/source"
)

// fieldErrors are the words of every *control.FieldError and
// *source.SettingError joined in err, by field. ok is false when err holds
// anything else, or nothing.
func fieldErrors(ctx context.Context, err error) (byField map[string]string, ok bool) {
	byField = map[string]string{}
	ok = collectFieldErrors(ctx, err, byField)
	return byField, ok && len(byField) > 0
}

func collectFieldErrors(ctx context.Context, err error, byField map[string]string) bool {
	if err == nil {
		return true
	}
	switch err := err.(type) { //nolint:errorlint // the tree is walked here
	case *control.FieldError:
		byField[err.Field] = fieldMessage(ctx, err)
		return true
	case *source.SettingError:
		byField[err.Field] = said(ctx, source.Message{Text: err.Message, Phrase: err.Phrase})
		return true
	case interface{ Unwrap() []error }:
		for _, e := range err.Unwrap() {
			if !collectFieldErrors(ctx, e, byField) {
				return false
			}
		}
		return true
	}
	if inner := errors.Unwrap(err); inner != nil {
		return collectFieldErrors(ctx, inner, byField)
	}
	return false
}

// fieldMessage is the catalogue's text for a mistake in this field, else for
// this kind of mistake, else the error's own English.
func fieldMessage(ctx context.Context, err *control.FieldError) string {
	p := i18n.From(ctx)
	for _, id := range []string{"mistake." + err.Field + "." + err.Code, "mistake." + err.Code} {
		if p.Has(id) {
			return p.T(id)
		}
	}
	return err.Message
}
