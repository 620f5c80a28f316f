package engine

import "context"

func (w *writer) resolve(context.Context) (int, error) { return 0, nil }
