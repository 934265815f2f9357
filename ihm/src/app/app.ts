import { Component } from '@angular/core';
import { RouterOutlet } from '@angular/router';
import { FaultBar } from './shell/fault-bar';

@Component({ selector: 'cnp-root', imports: [FaultBar, RouterOutlet], template: '<router-outlet /><cnp-fault-bar />' })
export class App {}
