import { booleanAttribute, Component, computed, inject, input, output } from '@angular/core';
import { RouterLink, RouterLinkActive } from '@angular/router';
import { ChevronsLeft, ChevronsRight, X } from 'lucide';
import { bySection, SECTIONS } from '@core/feature';
import { Preferences } from '@core/preferences';
import { Session } from '@core/session';
import { Icon } from '@ui/icon';
import { FEATURES } from '../features.gen';
import { Brand } from './brand';

/** The menu: what this person may see, by section. */
@Component({
  selector: 'cnp-navigation',
  imports: [Brand, Icon, RouterLink, RouterLinkActive],
  template: `
    <nav [attr.aria-label]="navLabel">
      <a class="home" routerLink="/" [attr.aria-label]="homeLabel" (click)="gone.emit()"><cnp-brand [narrow]="narrow()" /></a>
      @for (section of sections(); track section.id) {
        <div class="section" [class.sr]="narrow()" [id]="'section-' + section.id">{{ section.label }}</div>
        <ul class="plain" [attr.aria-labelledby]="'section-' + section.id">
          @for (feature of section.features; track feature.id) {
            <li>
              <a [routerLink]="'/' + feature.path" routerLinkActive="active" ariaCurrentWhenActive="page" [title]="narrow() ? feature.label : ''" [attr.aria-label]="narrow() ? feature.label : null" (click)="gone.emit()">
                <cnp-icon [icon]="feature.icon" [size]="19" />@if (!narrow()) { <span class="ellipsis">{{ feature.label }}</span> }
              </a>
            </li>
          }
        </ul>
      }
    </nav>
    @if (drawer()) {
      <button type="button" class="fold" (click)="gone.emit()"><cnp-icon [icon]="icons.X" [size]="18" /><span i18n="@@shell.closeMenu">Fermer le menu</span></button>
    } @else {
    <button type="button" class="fold" (click)="fold()" [attr.aria-label]="narrow() ? widen : shrink" [title]="narrow() ? widen : ''">
      <cnp-icon [icon]="narrow() ? icons.ChevronsRight : icons.ChevronsLeft" [size]="18" />@if (!narrow()) { <span>{{ shrink }}</span> }
    </button>
    }
  `,
  styleUrl: './navigation.scss',
  host: { '[class.narrow]': 'narrow()' },
})
export class Navigation {
  readonly narrow = input(false);
  /** Over the page of a phone, which it leaves when it closes. */
  readonly drawer = input(false, { transform: booleanAttribute });
  /** A page was chosen: a drawer closes. */
  readonly gone = output();
  private readonly session = inject(Session);
  private readonly preferences = inject(Preferences);
  protected readonly icons = { ChevronsLeft, ChevronsRight, X };
  protected readonly homeLabel = $localize`:@@shell.homeLabel:Canopée, accueil`;
  protected readonly navLabel = $localize`:@@shell.nav:Menu principal`;
  protected readonly shrink = $localize`:@@shell.shrink:Réduire le menu`;
  protected readonly widen = $localize`:@@shell.widen:Élargir le menu`;
  protected readonly sections = computed(() => {
    const seen = bySection(FEATURES).filter((feature) => this.session.may(feature.right));
    return SECTIONS.map((section) => ({ ...section, features: seen.filter((feature) => feature.section === section.id) })).filter((section) => section.features.length);
  });

  protected fold(): void {
    this.preferences.narrowMenu.set(this.narrow() ? 'no' : 'yes');
  }
}
