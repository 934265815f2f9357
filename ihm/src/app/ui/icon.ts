import { Component, computed, ElementRef, effect, inject, input } from '@angular/core';
import { Icon as Shape } from '@core/icon';

const SVG = 'http://www.w3.org/2000/svg';

/** A lucide icon, drawn in the colour of its text; without `label` it is hidden from screen readers. */
@Component({
  selector: 'cnp-icon',
  template: '',
  host: { '[attr.role]': 'label() ? "img" : null', '[attr.aria-label]': 'label() || null', '[attr.aria-hidden]': 'label() ? null : "true"' },
  styles: ':host { display: inline-flex; flex: none; vertical-align: -0.16em; }',
})
export class Icon {
  readonly icon = input.required<Shape>();
  readonly size = input(18);
  readonly label = input('');
  private readonly host = inject<ElementRef<HTMLElement>>(ElementRef);
  private readonly drawn = computed(() => draw(this.icon(), this.size()));

  constructor() {
    effect(() => this.host.nativeElement.replaceChildren(this.drawn()));
  }
}

function draw(shape: Shape, size: number): SVGElement {
  const svg = element('svg', {
    width: size, height: size, viewBox: '0 0 24 24', fill: 'none', stroke: 'currentColor', 'stroke-width': 1.9,
    'stroke-linecap': 'round', 'stroke-linejoin': 'round', focusable: 'false',
  });
  svg.append(...shape.map(([name, attributes]) => element(name, attributes)));
  return svg;
}

function element(name: string, attributes: Record<string, string | number | undefined>): SVGElement {
  const made = document.createElementNS(SVG, name) as SVGElement;
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, String(value));
  }
  return made;
}
