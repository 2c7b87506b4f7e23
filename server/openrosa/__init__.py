"""What tablets call: form list, manifest, submission, in OpenRosa's XML, under Central's paths."""
