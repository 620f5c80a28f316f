package engine

import "errors"

// ErrHeld says that a gate of the data held the publication back: the facts are
// loaded, and the run of before stays current.
var ErrHeld = errors.New("the publication is held back")
