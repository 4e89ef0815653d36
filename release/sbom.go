package main

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// sbom is the list of components of a program, as CycloneDX: what the program itself says that it was linked from.
func (r *repository) sbom(program []byte, p platform, c commit, all map[string]*linked) ([]byte, error) {
	info, err := buildinfo.Read(bytes.NewReader(program))
	if err != nil {
		return nil, err
	}
	hash := sha256.Sum256(program)
	main := cdx.Component{
		BOMRef: "openplatform", Type: cdx.ComponentTypeApplication, Name: "openplatform", Version: r.version,
		PackageURL: "pkg:golang/" + modulePath + "@v" + r.version + "#cmd/openplatform",
		Hashes:     &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(hash[:])}},
		Licenses:   licences([]string{"MIT"}),
		Properties: &[]cdx.Property{
			{Name: "commit", Value: c.id}, {Name: "GOOS", Value: p.os}, {Name: "GOARCH", Value: p.arch},
		},
	}
	goVersion := strings.TrimPrefix(info.GoVersion, "go")
	components := []cdx.Component{{
		BOMRef: "std", Type: cdx.ComponentTypeLibrary, Name: "std", Version: goVersion, PackageURL: "pkg:golang/std@" + goVersion,
		Licenses: licences(all[standard].licences),
	}}
	for _, dep := range info.Deps {
		module := all[dep.Path]
		if module == nil {
			return nil, fmt.Errorf("the program for %s/%s links %s, of which %s says nothing", p.os, p.arch, dep.Path, licencesFile)
		}
		purl := "pkg:golang/" + dep.Path + "@" + dep.Version
		components = append(components, cdx.Component{
			BOMRef: purl, Type: cdx.ComponentTypeLibrary, Name: dep.Path, Version: dep.Version, PackageURL: purl,
			Licenses: licences(module.licences),
		})
	}
	refs := make([]string, len(components))
	dependencies := []cdx.Dependency{{Ref: main.BOMRef, Dependencies: &refs}}
	for i, component := range components {
		refs[i] = component.BOMRef
	}
	bom := cdx.NewBOM()
	bom.SerialNumber = "urn:uuid:" + uuidOf(hash)
	bom.Metadata = &cdx.Metadata{Timestamp: c.at.UTC().Format(time.RFC3339), Component: &main}
	bom.Components, bom.Dependencies = &components, &dependencies
	var b bytes.Buffer
	encoder := cdx.NewBOMEncoder(&b, cdx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false)
	err = encoder.EncodeVersion(bom, cdx.SpecVersion1_6)
	return b.Bytes(), err
}

func licences(names []string) *cdx.Licenses {
	var all cdx.Licenses
	for _, name := range names {
		all = append(all, cdx.LicenseChoice{License: &cdx.License{ID: name}})
	}
	return &all
}

// uuidOf is a UUID made of a hash (version 8, RFC 9562), so that the same program has the same one.
func uuidOf(hash [sha256.Size]byte) string {
	hash[6] = hash[6]&0x0f | 0x80
	hash[8] = hash[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", hash[0:4], hash[4:6], hash[6:8], hash[8:10], hash[10:16])
}
