//! Pages as PDF: archivable (PDF/A-2a) and accessible (PDF/UA-1), with the fonts in it.

use super::{
    fonts::Fonts,
    sheet::{HEIGHT, Heading, Lead, Node, Page, Placed, Role, Sheet, Target, WIDTH},
};
use crate::drawing::{Anchor, Ink, Shape};
use krilla::{
    Document, SerializeSettings,
    action::{Action, LinkAction},
    annotation::{self, Annotation, LinkAnnotation},
    color::rgb,
    configure::{Accessibility, Archival, ConfigurationBuilder},
    destination::XyzDestination,
    geom::{Path, PathBuilder, Point, Rect},
    metadata::Metadata,
    num::NormalizedF32,
    outline::{Outline, OutlineNode},
    page::PageSettings,
    paint::{Fill, LineCap, LineJoin, Stroke, StrokeDash},
    surface::Surface,
    tagging::{
        Artifact, ArtifactType, ContentTag, Identifier, SpanTag, TableHeaderScope, Tag, TagGroup, TagKind,
        TagTree,
    },
};
use std::num::NonZeroU16;

/// The document of these pages, or what is wrong with it.
pub(super) fn paint(sheet: &Sheet<'_>, metadata: &Metadata, conforming: bool) -> Result<Vec<u8>, String> {
    let mut configuration = ConfigurationBuilder::new();
    if conforming {
        configuration = configuration
            .with_archival_validator(Archival::A2_A)
            .with_accessibility_validator(Accessibility::UA1);
    }
    let settings = SerializeSettings {
        configuration: configuration.finish().map_err(|error| format!("{error:?}"))?,
        ..SerializeSettings::default()
    };
    let mut document = Document::new_with(settings);
    document.set_metadata(metadata.clone());
    // What of the pages belongs to each part.
    let mut leaves: Vec<Vec<Identifier>> = sheet.nodes.iter().map(|_| Vec::new()).collect();
    for page in &sheet.pages {
        let settings = PageSettings::from_wh(WIDTH, HEIGHT).ok_or("a page without a size")?;
        let mut target = document.start_page_with(settings);
        let mut surface = target.surface();
        paint_page(&mut surface, sheet.fonts, page, &mut leaves);
        surface.finish();
        for lead in &page.leads {
            if let Some(annotation) = annotation(lead, &sheet.headings) {
                leaves[lead.node].push(target.add_tagged_annotation(annotation));
            }
        }
        target.finish();
    }
    document.set_outline(outline(&sheet.headings));
    let mut tree = TagTree::new().with_lang(Some("en".to_owned()));
    for &root in &sheet.roots {
        tree.push(group(root, &sheet.nodes, &mut leaves));
    }
    document.set_tag_tree(tree);
    document.finish().map_err(|error| format!("{error:?}"))
}

fn paint_page(surface: &mut Surface<'_>, fonts: &Fonts<'_>, page: &Page, leaves: &mut [Vec<Identifier>]) {
    // Shapes that follow each other and belong to the same part are one piece of it; each line of text is one.
    let mut rest = &page.placed[..];
    while let Some(first) = rest.first() {
        let is_text = |placed: &Placed| matches!(placed.shape, Shape::Text { .. });
        let alike = |placed: &&Placed| placed.node == first.node && is_text(placed) == is_text(first);
        let count = match (first.node, is_text(first)) {
            (Some(_), true) => 1,
            _ => rest.iter().take_while(alike).count(),
        };
        let (piece, after) = rest.split_at(count.max(1));
        let tag = match (first.node, is_text(first)) {
            (None, _) => ContentTag::Artifact(Artifact::with_kind(ArtifactType::Other)),
            (Some(_), true) => ContentTag::Span(SpanTag::empty()),
            (Some(_), false) => ContentTag::Other,
        };
        let identifier = surface.start_tagged(tag);
        for placed in piece {
            paint_shape(surface, fonts, &placed.shape);
        }
        surface.end_tagged();
        if let Some(node) = first.node {
            leaves[node].push(identifier);
        }
        rest = after;
    }
}

fn color(ink: Ink) -> rgb::Color {
    let [red, green, blue] = ink.rgb();
    rgb::Color::new(red, green, blue)
}

fn fill(surface: &mut Surface<'_>, ink: Ink, opacity: f32) {
    surface.set_stroke(None);
    surface.set_fill(Some(Fill {
        paint: color(ink).into(),
        opacity: NormalizedF32::new(opacity).unwrap_or(NormalizedF32::ONE),
        ..Fill::default()
    }));
}

fn paint_shape(surface: &mut Surface<'_>, fonts: &Fonts<'_>, shape: &Shape) {
    match shape {
        Shape::Rect {
            x,
            y,
            width,
            height,
            radius,
            ink,
        } => {
            if let Some(path) = rectangle(*x, *y, *width, *height, *radius) {
                fill(surface, *ink, 1.0);
                surface.draw_path(&path);
            }
        }
        Shape::Line {
            points,
            width,
            ink,
            dashed,
        } => {
            if let Some(path) = through(points, false) {
                surface.set_fill(None);
                surface.set_stroke(Some(Stroke {
                    paint: color(*ink).into(),
                    width: *width,
                    line_cap: if *dashed { LineCap::Butt } else { LineCap::Round },
                    line_join: LineJoin::Round,
                    dash: dashed.then(|| StrokeDash {
                        array: vec![3.0, 2.5],
                        offset: 0.0,
                    }),
                    ..Stroke::default()
                }));
                surface.draw_path(&path);
            }
        }
        Shape::Area { points, ink } => {
            if let Some(path) = through(points, true) {
                fill(surface, *ink, 0.14);
                surface.draw_path(&path);
            }
        }
        Shape::Text {
            x,
            y,
            text,
            size,
            ink,
            anchor,
            strong,
        } => {
            let shaped = fonts.shape(text, *strong);
            let left = match anchor {
                Anchor::Start => *x,
                Anchor::Middle => x - shaped.width * size / 2.0,
                Anchor::End => x - shaped.width * size,
            };
            fill(surface, *ink, 1.0);
            for stretch in &shaped.stretches {
                let start = Point::from_xy(left + stretch.begins * size, *y);
                surface.draw_glyphs(
                    start,
                    &stretch.glyphs,
                    stretch.font.clone(),
                    &stretch.text,
                    *size,
                    false,
                );
            }
        }
    }
}

fn through(points: &[(f32, f32)], closed: bool) -> Option<Path> {
    let (&(x, y), others) = points.split_first()?;
    let mut path = PathBuilder::new();
    path.move_to(x, y);
    for &(x, y) in others {
        path.line_to(x, y);
    }
    if closed {
        path.close();
    }
    path.finish()
}

fn rectangle(x: f32, y: f32, width: f32, height: f32, radius: f32) -> Option<Path> {
    let mut path = PathBuilder::new();
    let radius = radius.min(width / 2.0).min(height / 2.0);
    if radius <= 0.0 {
        path.push_rect(Rect::from_xywh(x, y, width, height)?);
        return path.finish();
    }
    let (right, bottom) = (x + width, y + height);
    // How far the handles of a quarter circle lie from its ends.
    let slack = radius * (1.0 - 0.552_284_8);
    path.move_to(x + radius, y);
    path.line_to(right - radius, y);
    path.cubic_to(right - slack, y, right, y + slack, right, y + radius);
    path.line_to(right, bottom - radius);
    path.cubic_to(
        right,
        bottom - slack,
        right - slack,
        bottom,
        right - radius,
        bottom,
    );
    path.line_to(x + radius, bottom);
    path.cubic_to(x + slack, bottom, x, bottom - slack, x, bottom - radius);
    path.line_to(x, y + radius);
    path.cubic_to(x, y + slack, x + slack, y, x + radius, y);
    path.close();
    path.finish()
}

fn annotation(lead: &Lead, headings: &[Heading]) -> Option<Annotation> {
    let area = Rect::from_xywh(lead.x, lead.y, lead.width, lead.height)?;
    let target = match &lead.target {
        Target::Address(address) => {
            annotation::Target::Action(Action::Link(LinkAction::new(address.clone())))
        }
        Target::Heading(index) => annotation::Target::Destination(destination(headings.get(*index)?).into()),
    };
    let link = LinkAnnotation::new(area, target);
    Some(Annotation::new_link(link, Some(lead.says.clone())))
}

fn destination(heading: &Heading) -> XyzDestination {
    XyzDestination::new(heading.page, Point::from_xy(0.0, heading.y.max(0.0)))
}

fn outline(headings: &[Heading]) -> Outline {
    let mut outline = Outline::new();
    let mut section = None::<OutlineNode>;
    for heading in headings {
        let node = OutlineNode::new(heading.title.clone(), destination(heading));
        match &mut section {
            Some(section) if heading.level > 2 => section.push_child(node),
            _ => {
                if let Some(section) = section.replace(node) {
                    outline.push_child(section);
                }
            }
        }
    }
    if let Some(section) = section {
        outline.push_child(section);
    }
    outline
}

fn group(node: usize, nodes: &[Node], leaves: &mut [Vec<Identifier>]) -> TagGroup {
    let tag: TagKind = match &nodes[node].role {
        Role::Section => Tag::Section.into(),
        Role::Heading(level, title) => Tag::Hn(
            NonZeroU16::new(*level).unwrap_or(NonZeroU16::MIN),
            Some(title.clone()),
        )
        .into(),
        Role::Paragraph => Tag::P.into(),
        Role::Contents => Tag::TOC.into(),
        Role::Entry => Tag::TOCI.into(),
        Role::Table(caption) => Tag::Table.with_summary(Some(caption.clone())).into(),
        Role::Row => Tag::TR.into(),
        Role::ColumnHead => Tag::TH(TableHeaderScope::Column).into(),
        Role::Data => Tag::TD.into(),
        Role::Figure(description) => Tag::Figure(Some(description.clone())).into(),
        Role::Link => Tag::Link.into(),
    };
    let mut group = TagGroup::new(tag);
    for leaf in std::mem::take(&mut leaves[node]) {
        group.push(leaf);
    }
    for &child in &nodes[node].children {
        group.push(self::group(child, nodes, leaves));
    }
    group
}
