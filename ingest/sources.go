package ingest

// Sources returns the exports that are recognised by themselves.
func Sources() []*Source {
	return []*Source{
		onlineRetailUCI(),
	}
}
