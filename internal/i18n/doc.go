// Package i18n is the message catalogue: every text a user sees, in English and
// Russian, with plural forms, and the numbers, dates and durations of each
// language. It knows nothing of what the messages are about.
package i18n
